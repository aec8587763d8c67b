import { isObjectType } from 'graphql';
import type { ConstDirectiveNode, GraphQLSchema } from 'graphql';
import type { Finding } from '../compose.ts';
import { constantArguments } from '../../shared/graphql/constant-arguments.ts';

/** Returns warnings about the parts of a supergraph that the router accepts but does not implement. */
export function servedDifferently(supergraphSchema: GraphQLSchema): readonly Finding[] {
  return [...progressiveOverrides(supergraphSchema), ...subscriptions(supergraphSchema)];
}

function progressiveOverrides(schema: GraphQLSchema): Finding[] {
  return Object.values(schema.getTypeMap()).flatMap((type) => {
    if (!('getFields' in type)) return [];
    return Object.values(type.getFields()).flatMap(({ name, astNode }) =>
      directivesOf(astNode)
        .filter((directive) => directive.name.value === 'join__field')
        .map(constantArguments)
        .filter(
          ({ override, overrideLabel }) => typeof override === 'string' && typeof overrideLabel === 'string',
        )
        .map(({ override, overrideLabel }) => ({
          severity: 'warning' as const,
          code: 'PROGRESSIVE_OVERRIDE',
          message: `the label "${String(overrideLabel)}" of @override is not evaluated: subgraph ${String(override)} keeps resolving the field`,
          coordinate: `${type.name}.${name}`,
        })),
    );
  });
}

function directivesOf(
  node:
    | {
        readonly directives?: readonly ConstDirectiveNode[] | undefined;
      }
    | null
    | undefined,
): readonly ConstDirectiveNode[] {
  return node?.directives ?? [];
}

function subscriptions(schema: GraphQLSchema): Finding[] {
  const type = schema.getSubscriptionType();
  if (!isObjectType(type)) return [];
  return Object.keys(type.getFields()).map((field) => ({
    severity: 'warning',
    code: 'SUBSCRIPTION_NOT_SERVED',
    message: 'subscriptions are not served: such an operation is rejected',
    coordinate: `${type.name}.${field}`,
  }));
}
