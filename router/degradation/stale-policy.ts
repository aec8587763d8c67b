import { isInterfaceType, isObjectType } from 'graphql';
import type { GraphQLSchema } from 'graphql';
import type { Config } from '../config/config-schema.ts';
import type { StalePolicy, StalePolicyOf } from '../execution/stale/stale-values.ts';
import { fieldsAt, settingOf } from './coordinates.ts';
import type { UnfitSetting } from './fallbacks.ts';

/**
 * Returns which fields of a supergraph have their last values stored (stale-if-error), and the configured
 * settings that do not fit the supergraph.
 */
export function readStalePolicies(
  schema: GraphQLSchema,
  supergraphSchema: GraphQLSchema,
  { stale }: Pick<Config['degradation'], 'stale'>,
): { readonly stalePolicyOf: StalePolicyOf | undefined; readonly unfit: readonly UnfitSetting[] } {
  const policies = new Map<string, StalePolicy>();
  const unfit: UnfitSetting[] = [];
  for (const [coordinate, { maxAgeS, per }] of Object.entries(stale)) {
    const [typeName = ''] = coordinate.split('.');
    if (fieldsAt(schema, coordinate).length === 0)
      unfit.push({ coordinate, reason: 'the supergraph does not have this field' });
    else if (!isEntity(supergraphSchema, typeName))
      unfit.push({
        coordinate,
        reason: `only fields of entities can be stored, and ${typeName} has no @key`,
      });
    else policies.set(coordinate, { maxAgeMs: maxAgeS * 1_000, isPrivate: per === 'identity' });
  }
  return { stalePolicyOf: settingOf(schema, policies), unfit };
}

/** Returns whether a type is an entity: the supergraph has a key for it, in `@join__type`. */
function isEntity(supergraphSchema: GraphQLSchema, typeName: string): boolean {
  const type = supergraphSchema.getType(typeName);
  if (!isObjectType(type) && !isInterfaceType(type)) return false;
  const types = isInterfaceType(type) ? [type, ...supergraphSchema.getPossibleTypes(type)] : [type];
  return types.some(({ astNode }) =>
    astNode?.directives?.some(
      (directive) =>
        directive.name.value === 'join__type' &&
        directive.arguments?.some(({ name }) => name.value === 'key'),
    ),
  );
}
