import type { SubgraphSchema } from '../../router/supergraph/compose.ts';

export type LargeGraphSize = { readonly subgraphs: number; readonly entitiesPerSubgraph: number };

type Field = { readonly text: string; readonly name: string; readonly entity: number | undefined };

/** An entity with the fields that its own subgraph and other subgraphs resolve. */
type Entity = {
  readonly name: string;
  readonly owner: number;
  readonly own: Field[];
  readonly added: Map<number, Field[]>;
};

/** Subgraphs of a generated company, and a function that generates an operation of a client. */
export type LargeGraph = {
  readonly subgraphs: readonly SubgraphSchema[];
  /** The subgraphs after a field of a frequent entity has moved to another subgraph. */
  readonly moved: readonly SubgraphSchema[];
  readonly operation: (index: number) => string;
};

const SCALARS = ['String', 'String!', 'Int', 'Float', 'Boolean!', 'Money', 'Status', '[String!]!'] as const;
const OWN_FIELDS = 8;
const REFERENCES = 3;
const EXTENSIONS = 12;
const EXTENSION_FIELDS = 3;

/**
 * Generates subgraphs of which each owns entities, refers to entities of others and adds fields to them. The
 * same size gives the same graph.
 */
export function generateLargeGraph({ subgraphs: count, entitiesPerSubgraph }: LargeGraphSize): LargeGraph {
  const random = randomFrom(count * 1_000 + entitiesPerSubgraph);
  const entities = Array.from({ length: count * entitiesPerSubgraph }, (_, index): Entity => {
    const owner = index % count;
    return { name: `Entity${index}`, owner, own: [], added: new Map() };
  });
  for (const entity of entities) addFields(entity, entities, random);
  for (let subgraph = 0; subgraph < count; subgraph += 1) extendOthers(subgraph, entities, random);
  const schemas = (all: readonly Entity[]) =>
    Array.from({ length: count }, (_, index) => {
      const name = subgraphName(index);
      return {
        name,
        url: `http://${name}.example/graphql`,
        sdl: sdlOf(index, all),
        place: `${name}.graphql`,
      };
    });
  const [frequent, ...rest] = entities;
  return {
    subgraphs: schemas(entities),
    moved: schemas(frequent === undefined ? [] : [withMovedField(frequent, count), ...rest]),
    operation: (index) => operationOf(index, entities),
  };
}

/** Moves the first field of an entity to the first subgraph that does not know it. */
function withMovedField(entity: Entity, count: number): Entity {
  const [field, ...own] = entity.own;
  const target = Array.from({ length: count }, (_, index) => index).find(
    (index) => index !== entity.owner && !entity.added.has(index),
  );
  if (field === undefined || target === undefined) throw new Error('no subgraph can take the field');
  return { ...entity, own, added: new Map([...entity.added, [target, [field]]]) };
}

function subgraphName(index: number): string {
  return `service${String(index).padStart(2, '0')}`;
}

function addFields(entity: Entity, entities: readonly Entity[], random: Random): void {
  for (let index = 0; index < OWN_FIELDS; index += 1) {
    const type = SCALARS[random(SCALARS.length)] ?? 'String';
    entity.own.push(scalarField(`field${index}`, type));
  }
  for (let index = 0; index < REFERENCES; index += 1) {
    const target = skewed(entities.length, random);
    const name = `related${index}`;
    const type = entities[target]?.name ?? '';
    const text =
      index === 0
        ? `${name}(first: Int = 10): [${type}!]! @listSize(slicingArguments: ["first"])`
        : `${name}: ${type}`;
    entity.own.push({ name, text, entity: target });
  }
}

function extendOthers(subgraph: number, entities: readonly Entity[], random: Random): void {
  for (let count = 0; count < EXTENSIONS; count += 1) {
    const entity = entities[skewed(entities.length, random)];
    if (entity === undefined || entity.owner === subgraph || entity.added.has(subgraph)) continue;
    const fields = Array.from({ length: EXTENSION_FIELDS }, (_, index) =>
      scalarField(`${subgraphName(subgraph)}Field${index}`, SCALARS[random(SCALARS.length)] ?? 'String'),
    );
    entity.added.set(subgraph, fields);
  }
}

function scalarField(name: string, type: string): Field {
  return { name, text: `${name}: ${type}`, entity: type === 'Money' ? MONEY : undefined };
}

/** Stands for the value type `Money` in place of the index of an entity. */
const MONEY = -1;

const COMMON = `extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@listSize"])

type Money @shareable { amount: Float! currency: String! }
enum Status { ACTIVE PAUSED DELETED }
`;

function sdlOf(subgraph: number, entities: readonly Entity[]): string {
  const owned = entities.filter(({ owner }) => owner === subgraph);
  const added = entities.filter((entity) => entity.added.has(subgraph));
  const named = new Set([...owned, ...added].map(({ name }) => name));
  const stubs = owned
    .flatMap(({ own }) => own.flatMap(({ entity }) => entities[entity ?? MONEY]?.name ?? []))
    .filter((name) => !named.has(name));
  const types = [
    ...owned.map(({ name, own }) => entityType(name, own)),
    ...added.map(({ name, added: fields }) => entityType(name, fields.get(subgraph) ?? [])),
    ...[...new Set(stubs)].map((name) => `type ${name} @key(fields: "id", resolvable: false) { id: ID! }`),
  ];
  const roots = owned.map(({ name }) => `  ${rootField(name)}(id: ID!): ${name}`);
  return `${COMMON}\ntype Query {\n${roots.join('\n')}\n}\n\n${types.join('\n\n')}\n`;
}

function entityType(name: string, fields: readonly Field[]): string {
  return `type ${name} @key(fields: "id") {\n  id: ID!\n${fields.map(({ text }) => `  ${text}`).join('\n')}\n}`;
}

function rootField(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

function operationOf(index: number, entities: readonly Entity[]): string {
  const random = randomFrom(index + 1);
  const root = entities[random(entities.length)];
  if (root === undefined) throw new Error('the graph has no entities');
  const selection = selectionOf(root, { entities, random, depth: 1 + random(3) });
  return `query Operation${index}($id: ID!) {\n  ${rootField(root.name)}(id: $id) ${selection}\n}\n`;
}

type Draw = { readonly entities: readonly Entity[]; readonly random: Random; readonly depth: number };

function selectionOf(entity: Entity, { entities, random, depth }: Draw): string {
  const indent = '  '.repeat(6 - depth);
  const available = [...entity.own, ...[...entity.added.values()].flat()];
  const selected = available.filter(({ entity: target }) =>
    target === undefined || target === MONEY ? random(4) === 0 : depth > 0 && random(2) === 0,
  );
  const lines = selected.map(({ name, entity: target }) => {
    if (target === undefined) return name;
    const other = entities[target];
    if (other === undefined) return `${name} { amount currency }`;
    return `${name} ${selectionOf(other, { entities, random, depth: depth - 1 })}`;
  });
  return `{\n${['id', ...lines].map((line) => `${indent}${line}\n`).join('')}${indent.slice(2)}}`;
}

type Random = (below: number) => number;

/** Returns a generator of pseudo-random integers (mulberry32). */
function randomFrom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) % below;
  };
}

/** Returns a number below `below`; low numbers are more frequent, as some entities are used everywhere. */
function skewed(below: number, random: Random): number {
  return random(random(below) + 1);
}
