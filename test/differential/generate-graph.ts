import {
  LEAVES,
  PROVIDABLE,
  declare,
  isLeaf,
  namedTypeOf,
  printService,
  serviceModel,
  typeIn,
} from './graph-model.ts';
import type { EntityModel, FieldModel, GraphModel, ServiceModel, TypeModel } from './graph-model.ts';
import type { SubgraphSdl } from './compose.ts';
import { randomOf } from './random.ts';
import type { Random } from './random.ts';
import { toFederationOne } from './federation-one.ts';
import { addChains } from './generate-chains.ts';
import { addContexts } from './generate-contexts.ts';
import { addRequirements, requiredArguments, requiring } from './generate-requirements.ts';

/** Definitions that every subgraph has. */
const COMMON = `
extend schema @link(url: "https://specs.example.test/mark/v1.0", import: ["@mark"]) @composeDirective(name: "@mark")
directive @mark(reason: String = "none") repeatable on OBJECT | INTERFACE | FIELD_DEFINITION
enum Colour { RED GREEN BLUE }
scalar Blob
scalar Exact
input Filter { word: String = "any" colour: Colour limit: Int! = 3 exact: Exact within: Filter }
`;

const ARGUMENTS = [
  '',
  '',
  '',
  '(first: Int)',
  '(unit: String = "CM", colour: Colour)',
  '(filter: Filter, ids: [ID!])',
  '(exact: Exact, exacts: [Exact!])',
] as const;

/** Fields of every type that implements `Named`. */
const LABEL: FieldModel = { name: 'label', type: 'String', args: '(upper: Boolean = false)' };

/** Uses of the directive that subgraphs compose into the supergraph. */
const MARKS = ['@mark', '@mark(reason: "ü \\"quoted\\"") @mark'] as const;

/**
 * The keys by which an entity is found: `serial` has 64 bits; `code` and `ref { code }` encode the same
 * number as `id`.
 */
const KEYS = ['id', 'sku', 'serial', 'id code', 'ref { code }'] as const;

/** Labels of progressive `@override`. */
const LABELS = ['percent(50)', 'move', 'other'] as const;

/** Generates subgraphs, most of which compose. */
export function generateGraph(seed: string): SubgraphSdl {
  const random = randomOf(`graph ${seed}`);
  const model = emptyGraph(random);
  for (const entity of model.entities) placeEntity(model, entity, random);
  if (model.keyed) placeKeyedInterface(model.keyed, random);
  for (const entity of model.entities) addFields(model, entity, random);
  const hasContexts = random.chance(0.3);
  addRequirements(model, random);
  // A stream of its own: graphs without chains do not depend on how chains are generated.
  const chains = randomOf(`chains ${seed}`);
  if (chains.chance(0.3)) addChains(model, chains);
  if (hasContexts) addContexts(model, random);
  for (const service of model.services) addRoots(model, service, random);
  for (const service of model.services) complete(model, service, random);
  const definitions = Object.fromEntries(
    model.services.map((service) => [service.name, COMMON + unions(service) + printService(service)]),
  );
  return !hasContexts && random.chance(0.2)
    ? { ...definitions, ...inFederationOne(model, definitions, random) }
    : definitions;
}

/** Some subgraphs, translated to Federation 1. The first subgraph with an entity defines it. */
function inFederationOne(
  { services, entities, keyed }: GraphModel,
  definitions: SubgraphSdl,
  random: Random,
): SubgraphSdl {
  const known = new Set<string>();
  const translated: [string, string][] = [];
  for (const { name, types } of services) {
    const here = entities.map((entity) => entity.name).filter((entity) => types.has(entity));
    const extended = new Set(here.filter((entity) => known.has(entity)));
    for (const entity of here) known.add(entity);
    if (name === keyed?.home.name || name === keyed?.asObject.name || random.chance(0.2)) continue;
    translated.push([name, toFederationOne(definitions[name] ?? '', extended)]);
  }
  return Object.fromEntries(translated);
}

function emptyGraph(random: Random): GraphModel {
  const [first, ...others] = ['a', 'b', 'c', 'd'].slice(0, 2 + random.int(3)).map(serviceModel);
  const [entity, ...entities] = Array.from({ length: 2 + random.int(3) }, (_, index) => ({
    name: `E${index}`,
    keys: random.chance(0.5) ? ['id'] : ['id', random.pick(KEYS)],
    homes: new Map(),
    owned: new Map(),
  }));
  if (first === undefined || entity === undefined) throw new Error('there is a first');
  const services = [first, ...others] as const;
  const home = random.pick(services);
  const asObject = services.find((service) => service !== home);
  // Not the first two: value types refer to those, and the service that defines the interface as an object
  // must not.
  const members = entities.slice(1);
  const keyed =
    random.chance(0.6) && asObject && members.length > 0
      ? { name: 'Keyed', home, asObject, members }
      : undefined;
  return { services, entities: [entity, ...entities], keyed };
}

function placeEntity({ services, keyed }: GraphModel, entity: EntityModel, random: Random): void {
  const isMember = keyed?.members.includes(entity) ?? false;
  const possible = services.filter((service) => !(isMember && service === keyed?.asObject));
  const chosen = new Set(random.some(possible, 0.7));
  if (isMember && keyed) chosen.add(keyed.home);
  const some = random.maybePick(possible);
  if (chosen.size === 0 && some) chosen.add(some);
  for (const service of chosen) {
    const others = isMember ? [] : random.some(entity.keys, 0.7).filter((key) => key !== 'id');
    const keys = others.length > 0 && random.chance(0.15) ? others : [...others, 'id'];
    declareEntity(service, entity, keys, random);
  }
}

function declareEntity(
  service: ServiceModel,
  entity: EntityModel,
  keys: readonly string[],
  random: Random,
): void {
  entity.homes.set(service.name, keys);
  const type = typeIn(service, entity.name);
  for (const key of new Set(keys)) {
    const resolvable = keys.length > 1 && key !== 'id' && random.chance(0.3) ? ', resolvable: false' : '';
    type.head.directives.add(`@key(fields: "${key}"${resolvable})`);
    declareKeyFields(service, type, key);
  }
}

function declareKeyFields(service: ServiceModel, type: TypeModel, key: string): void {
  if (key.includes('id')) declare(type, { name: 'id', type: 'ID!', args: '' });
  if (key.includes('sku')) declare(type, { name: 'sku', type: 'Int!', args: '' });
  if (key === 'serial') declare(type, { name: 'serial', type: 'Exact!', args: '' });
  if (key === 'id code') declare(type, { name: 'code', type: 'String!', args: '' });
  if (!key.includes('ref')) return;
  declare(type, { name: 'ref', type: 'Ref!', args: '' });
  const ref = typeIn(service, 'Ref');
  declare(ref, { name: 'code', type: 'String!', args: '' }, '@shareable');
  declare(ref, { name: 'region', type: 'String', args: '' }, '@shareable');
}

function placeKeyedInterface(
  { name, home, asObject, members }: NonNullable<GraphModel['keyed']>,
  random: Random,
): void {
  const common: FieldModel = { name: 'common', type: 'String', args: random.pick(ARGUMENTS) };
  const id: FieldModel = { name: 'id', type: 'ID!', args: '' };
  const itf = typeIn(home, name, 'interface');
  itf.head.directives.add('@key(fields: "id")');
  for (const field of [id, common]) declare(itf, field);
  for (const member of members) {
    const type = typeIn(home, member.name);
    type.head.interfaces.add(name);
    declare(type, common);
  }
  const object = typeIn(asObject, name);
  object.head.directives.add('@interfaceObject').add('@key(fields: "id")');
  declare(object, id);
  if (random.chance(0.4)) {
    declare(object, common, '@external');
    declare(
      object,
      { name: 'derived', type: 'Int', args: '' },
      requiring([`common${random.pick(requiredArguments(common.args))}`]),
    );
  }
  declare(object, {
    name: 'added',
    type: random.pick(['Int', 'String!', 'V0']),
    args: random.pick(ARGUMENTS),
  });
}

function addFields({ services, entities, keyed }: GraphModel, entity: EntityModel, random: Random): void {
  const homes = services.filter((service) => entity.homes.has(service.name));
  const reachable = entities.filter((other) => !keyed?.members.includes(other));
  for (let index = 0; index < 2 + random.int(4); index += 1) {
    const field = { name: `f${index}`, type: randomType(reachable, random), args: random.pick(ARGUMENTS) };
    const owner = random.maybePick(homes);
    if (owner === undefined) return;
    const sharers = random.chance(0.25) ? random.some(homes, 0.7).filter((home) => home !== owner) : [];
    const previous =
      sharers.length === 0 && random.chance(0.1) ? homes.find((home) => home !== owner) : undefined;
    entity.owned.set(field.name, { field, services: [owner, ...sharers].map(({ name }) => name) });
    for (const home of [owner, ...sharers]) {
      declare(typeIn(home, entity.name), field, ...(sharers.length > 0 ? ['@shareable'] : []));
    }
    if (previous !== undefined) {
      declare(typeIn(previous, entity.name), field);
      const label = random.chance(0.6) ? `, label: "${random.pick(LABELS)}"` : '';
      declare(typeIn(owner, entity.name), field, `@override(from: "${previous.name}"${label})`);
    }
    if (random.chance(0.05)) declare(typeIn(owner, entity.name), field, '@tag(name: "odd")');
    if (random.chance(0.1)) declare(typeIn(owner, entity.name), field, random.pick(MARKS));
    if (random.chance(0.05) && sharers.length === 0)
      declare(typeIn(owner, entity.name), field, '@inaccessible');
  }
}

function randomType(entities: readonly { name: string }[], random: Random): string {
  const composite = [...entities.map(({ name }) => name), 'V0', 'V1', 'Named', 'Any'];
  const named = random.chance(0.55) ? random.pick(LEAVES) : (random.maybePick(composite) ?? 'V0');
  const isAbstract = named === 'Named' || named === 'Any';
  const inner = !isAbstract && random.chance(0.3) ? `${named}!` : named;
  if (random.chance(0.6)) return inner;
  const list = random.chance(0.2) ? `[[${inner}]]` : `[${inner}]`;
  return random.chance(0.3) ? `${list}!` : list;
}

function addRoots({ entities, keyed }: GraphModel, service: ServiceModel, random: Random): void {
  const query = typeIn(service, 'Query');
  const known = entities.filter(({ homes }) => homes.has(service.name));
  for (let index = 0; index < 1 + random.int(3); index += 1) {
    const type =
      known.length > 0 && random.chance(0.7)
        ? (random.maybePick(known)?.name ?? 'Int')
        : randomType(known, random);
    const wrapped = type === namedTypeOf(type) && random.chance(0.5) ? `[${type}]` : type;
    declare(
      query,
      { name: `${service.name}${index}`, type: wrapped, args: random.pick(ARGUMENTS) },
      ...provided(service, type),
    );
  }
  if (keyed && service !== keyed.home && service !== keyed.asObject)
    return addMutation(service, known, random);
  if (keyed)
    declare(query, { name: `${service.name}Keyed`, type: random.pick(['Keyed', '[Keyed!]']), args: '' });
  addMutation(service, known, random);
}

/**
 * Adds `@provides` for fields that are external in the service and would otherwise not be requested from it.
 */
function provided(service: ServiceModel, type: string): string[] {
  const fields = service.types.get(namedTypeOf(type))?.fields.values() ?? [];
  const providable = [...fields].filter(({ directives }) => directives.has(PROVIDABLE));
  const names = providable.map(({ field }) => field.name);
  return names.length > 0 ? [`@provides(fields: "${names.join(' ')}")`] : [];
}

function addMutation(service: ServiceModel, known: readonly EntityModel[], random: Random): void {
  if (random.chance(0.4)) return;
  const mutation = typeIn(service, 'Mutation');
  declare(mutation, { name: `${service.name}Count`, type: 'Int!', args: random.pick(ARGUMENTS) });
  const entity = random.maybePick(known);
  if (entity) declare(mutation, { name: `${service.name}Change`, type: entity.name, args: '(first: Int)' });
}

/** Declares the types that fields of a service return and that it lacks. */
function complete(model: GraphModel, service: ServiceModel, random: Random): void {
  for (let before = -1; before !== service.types.size;) {
    before = service.types.size;
    for (const type of service.types.values()) {
      for (const { field } of type.fields.values()) supply(model, service, namedTypeOf(field.type), random);
    }
  }
  dropUnusedExternals(service);
  const named = service.types.get('Named');
  if (named === undefined) return markStubs(service, random);
  for (const [name, type] of service.types) {
    if (type.kind === 'interface' || !/^[EV]\d/.test(name)) continue;
    type.head.interfaces.add('Named');
    for (const { field } of named.fields.values()) declare(type, field, '@shareable');
  }
}

function supply(model: GraphModel, service: ServiceModel, name: string, random: Random): void {
  if (service.types.has(name) || isLeaf(name)) return;
  const entity = model.entities.find((candidate) => candidate.name === name);
  if (entity) {
    const type = typeIn(service, name);
    type.head.directives.add('@key(fields: "id")');
    declare(type, { name: 'id', type: 'ID!', args: '' });
  } else if (name === 'Named') {
    declare(typeIn(service, name, 'interface'), LABEL);
    supply(model, service, 'V0', random);
  } else if (name === 'Any') {
    typeIn(service, 'Any', 'interface');
    for (const member of ['V0', 'V1', 'E0']) supply(model, service, member, random);
  } else if (name === 'V0' || name === 'V1') {
    const type = typeIn(service, name);
    declare(
      type,
      { name: 'width', type: name === 'V0' ? 'Int' : 'Float', args: '(round: Boolean)' },
      '@shareable',
    );
    declare(type, { name: 'note', type: 'String!', args: '' }, '@shareable');
    if (name === 'V1') declare(type, { name: 'inner', type: '[V0!]', args: '' }, '@shareable');
    declare(type, { name: 'entity', type: 'E1', args: '' }, '@shareable');
    declare(type, LABEL, '@shareable');
  }
}

function dropUnusedExternals(service: ServiceModel): void {
  const types = [...service.types.values()];
  const uses = types.flatMap(({ fields }) =>
    [...fields.values()].flatMap(({ directives }) => [...directives]),
  );
  const used = new Set(
    uses.filter((use) => /^@(requires|provides)/.test(use)).flatMap((use) => use.match(/\w+/g) ?? []),
  );
  for (const { fields } of types) {
    for (const [name, { directives }] of fields) {
      if (directives.has('@external') && !used.has(name)) fields.delete(name);
    }
  }
}

/** A service does not have to resolve a type of which it has only the key. */
function markStubs(service: ServiceModel, random: Random): void {
  for (const { head, fields } of service.types.values()) {
    if (fields.size > 1 || !head.directives.has('@key(fields: "id")') || random.chance(0.5)) continue;
    if (head.directives.size > 1 || head.interfaces.size > 0) continue;
    head.directives.delete('@key(fields: "id")');
    head.directives.add('@key(fields: "id", resolvable: false)');
  }
}

/** `Any` is stored among the types while the graph grows; it is a union. */
function unions(service: ServiceModel): string {
  if (!service.types.delete('Any')) return '';
  const members = ['V0', 'V1', 'E0'].filter((name) => service.types.has(name));
  return `union Any = ${members.join(' | ')}\n`;
}
