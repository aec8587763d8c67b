import { CriticalityLevel, diff } from '@graphql-inspector/core';
import type { Change } from '@graphql-inspector/core';
import type { GraphQLSchema } from 'graphql';
import type { SchemaChange } from '../report.ts';

/** A change of a schema, without its effect on operations. */
export type FoundChange = Pick<SchemaChange, 'code' | 'coordinate' | 'message' | 'criticality'> & {
  /** Code and coordinate of the reasons that operations have because of it, if they differ. */
  readonly reason?: { readonly code: string; readonly coordinate: string };
};

/** Returns the changes between two API schemas. */
export async function findSchemaChanges(
  before: GraphQLSchema,
  after: GraphQLSchema,
): Promise<readonly FoundChange[]> {
  const changes = await diff(before, after);
  return changes.filter((change) => !isRepeated(change)).map(foundChange);
}

/**
 * Whether another change says the same: the addition or removal of the root type, or a deprecation beside its
 * directive.
 */
function isRepeated({ type, path = '' }: Change): boolean {
  if (/^SCHEMA_.*_TYPE_CHANGED$/.test(String(type))) return true;
  return String(type).startsWith('DIRECTIVE_USAGE_') && !path.endsWith('.@oneOf');
}

const CRITICALITIES = {
  [CriticalityLevel.Breaking]: 'breaking',
  [CriticalityLevel.Dangerous]: 'dangerous',
  [CriticalityLevel.NonBreaking]: 'safe',
} as const;

function foundChange({ type, path, message, criticality, meta }: Change): FoundChange {
  const code = String(type).startsWith('DIRECTIVE_USAGE_') ? oneOfCode(String(type)) : String(type);
  const coordinate = path === undefined ? null : coordinateOf(path);
  const change = { code, coordinate, message, criticality: CRITICALITIES[criticality.level] };
  const interfaceName = interfaceIn(meta);
  return interfaceName === undefined ? change : { ...change, reason: { code, coordinate: interfaceName } };
}

function oneOfCode(type: string): string {
  return type.endsWith('_ADDED') ? 'INPUT_ONE_OF_ADDED' : 'INPUT_ONE_OF_REMOVED';
}

/** Returns the coordinate for a path such as `Query.products.first` or `Product.name.@deprecated`. */
function coordinateOf(path: string): string {
  const [type = '', field, argument] = path.replace(/\.@\w+$/, '').split('.');
  if (type.startsWith('@')) return field === undefined ? type : `${type}(${field}:)`;
  if (argument !== undefined) return `${type}.${field}(${argument}:)`;
  return field === undefined ? type : `${type}.${field}`;
}

/** Returns the interface of `OBJECT_TYPE_INTERFACE_ADDED` and `_REMOVED`, whose coordinate is the object. */
function interfaceIn(meta: unknown): string | undefined {
  if (typeof meta !== 'object' || meta === null) return undefined;
  if ('addedInterfaceName' in meta) return String(meta.addedInterfaceName);
  return 'removedInterfaceName' in meta ? String(meta.removedInterfaceName) : undefined;
}
