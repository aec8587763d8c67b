import type { OperationsResult } from '../../../router/console/api-types.ts';
import type { Argument, IndexedType, Member, SchemaIndex } from '../../schema/schema-model.ts';

/** Fields per object: scalars, and objects below. */
const [MAX_LEAVES, MAX_OBJECTS] = [3, 2];
/** Depth of objects below the object of the root field. */
const MAX_DEPTH = 1;
/** Number of items that are requested where a field takes it. */
const FIRST = 3;

/** Members of Relay's pages that lead to the objects themselves. */
const WRAPPERS = ['nodes', 'edges', 'node'];

/** Scalars that say what an object is, so they come first. */
const TELLING: ReadonlySet<string> = new Set(['id', 'name', 'title']);

type Selection = { readonly lines: readonly string[]; readonly owners: ReadonlySet<string> };

/** Returns the first operation of the manifest that runs as it is: a query without variables. */
export function firstRunnable(manifest: OperationsResult['manifest']): string | undefined {
  return manifest.find(({ type, body }) => type === 'query' && !body.includes('$'))?.body;
}

/**
 * Returns an operation for an empty console: the query that needs no token and no argument, and whose fields
 * come from the most subgraphs. Of several, the one with the most arguments: special queries have fewer.
 */
export function starterOperation(index: SchemaIndex): string {
  const open = index.types.get(index.roots.query)?.members.filter(isOpen) ?? [];
  const lists = open.filter(returnsWithoutArguments);
  const [best] = (lists.length > 0 ? lists : open)
    .map((field) => ({ field, ...select(index, field, { depth: 0, within: [] }) }))
    .toSorted(
      (one, other) => other.owners.size - one.owners.size || argumentCount(other) - argumentCount(one),
    );
  return best === undefined ? '{ __typename }\n' : `{\n${indented(best.lines).join('\n')}\n}\n`;
}

function argumentCount({ field }: { readonly field: Member }): number {
  return field.args.length;
}

/** Whether everybody can select the field, and without an argument. */
function isOpen({ args, deprecated, labels }: Member): boolean {
  return (
    deprecated === null &&
    labels.every(({ kind }) => kind !== 'access' && kind !== 'hidden') &&
    args.every(({ type, defaultValue }) => !type.endsWith('!') || defaultValue !== null)
  );
}

/** Fields such as `product(id: ID, sku: String)` fail without one of their optional arguments. */
function returnsWithoutArguments({ args, type }: Member): boolean {
  return args.length === 0 || type.startsWith('[') || args.some(isPageSize);
}

function isPageSize({ name }: Argument): boolean {
  return name === 'first';
}

type Place = {
  readonly depth: number;
  /** Types around the selection, which are not selected again. */
  readonly within: readonly string[];
};

function select(index: SchemaIndex, field: Member, { depth, within }: Place): Selection {
  const type = index.types.get(field.namedType ?? '');
  const name = field.args.some(isPageSize) ? `${field.name}(first: ${FIRST})` : field.name;
  const own = new Set(field.owners.slice(0, 1).map(({ subgraph }) => subgraph));
  if (isLeaf(type)) return { lines: [name], owners: own };
  const around = [...within, type.name];
  const members = type.members.filter((member) => isOpen(member) && !around.includes(member.namedType ?? ''));
  const inner = membersToSelect(index, members, depth).map((member) =>
    select(index, member, { depth: isWrapper(member) ? depth : depth + 1, within: around }),
  );
  const lines = inner.length === 0 ? ['__typename'] : inner.flatMap((one) => one.lines);
  return {
    lines: [`${name} {`, ...indented(lines), '}'],
    owners: new Set([...own, ...inner.flatMap(({ owners }) => [...owners])]),
  };
}

/** Returns the object of a page, otherwise scalars, then objects, those of other subgraphs first. */
function membersToSelect(index: SchemaIndex, members: readonly Member[], depth: number): readonly Member[] {
  const wrapper = WRAPPERS.flatMap((name) => members.find((member) => member.name === name) ?? [])[0];
  if (wrapper !== undefined) return [wrapper];
  const leaves = members.filter(({ namedType }) => isLeaf(index.types.get(namedType ?? '')));
  const shown = leaves.toSorted(tellingFirst).slice(0, MAX_LEAVES);
  if (depth >= MAX_DEPTH) return shown;
  // Keys are resolved by several subgraphs, other scalars mostly by the one that the object belongs to.
  const home = shown.findLast(({ owners }) => owners.length === 1)?.owners[0]?.subgraph;
  const isForeign = ({ owners }: Member) => owners.every(({ subgraph }) => subgraph !== home);
  const objects = members.filter((member) => !leaves.includes(member));
  const ordered = [...objects.filter(isForeign), ...objects.filter((member) => !isForeign(member))];
  return [...shown, ...ordered.slice(0, MAX_OBJECTS)];
}

function tellingFirst(one: Member, other: Member): number {
  return Number(TELLING.has(other.name)) - Number(TELLING.has(one.name));
}

function isWrapper({ name }: Member): boolean {
  return WRAPPERS.includes(name);
}

function isLeaf(type: IndexedType | undefined): type is undefined {
  return type === undefined || type.kind === 'scalar' || type.kind === 'enum';
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}
