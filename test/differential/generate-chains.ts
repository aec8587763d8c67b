import { PROVIDABLE, declare, isLeaf, namedTypeOf, typeIn } from './graph-model.ts';
import type { EntityModel, FieldModel, GraphModel, ServiceModel } from './graph-model.ts';
import { requirement, requiring, usableFields } from './generate-requirements.ts';
import type { Random } from './random.ts';

/** A field with `@requires`. */
type Link = {
  readonly field: FieldModel;
  readonly service: ServiceModel;
  /** Names of the services that resolve the fields it requires, and those which these require. */
  readonly services: ReadonlySet<string>;
  /** Number of fields with `@requires` in the longest chain that ends with it. */
  readonly length: number;
};

/** The longest chains: `d.x` requires `c.y`, which requires `b.z`, which requires a field of `a`. */
const LONGEST = 3;

const TYPES = ['Int', 'String', '[Float!]', '[Int]!', 'Exact', 'V0', '[V0!]', 'Named', 'Any'] as const;

const ARGUMENTS = ['', '', '', '(first: Int)', '(unit: String = "CM", colour: Colour)'] as const;

/** Adds fields that `@requires` fields of other services which `@requires` fields themselves. */
export function addChains(model: GraphModel, random: Random): void {
  for (const entity of model.entities) {
    const homes = model.services.filter(({ name }) => entity.homes.has(name));
    if (homes.length < 2 || random.chance(0.3)) continue;
    const links: Link[] = homes.flatMap((service) => existingLinks(entity, service));
    for (let index = 0; index < 2 + random.int(4); index += 1) {
      const service = random.maybePick(homes);
      const link = service && addLink(entity, { service, links, name: `chain${index}` }, random);
      if (link === undefined) continue;
      links.push(link);
      if (random.chance(0.25)) addOverridden(entity, link, { homes, links }, random);
      if (random.chance(0.2)) addProvided(entity, link, homes, random);
    }
  }
}

function existingLinks(entity: EntityModel, service: ServiceModel): Link[] {
  return [...typeIn(service, entity.name).fields.values()]
    .filter(({ directives }) => [...directives].some((directive) => directive.startsWith('@requires')))
    .map(({ field, directives }) => ({
      field,
      service,
      services: owners(entity, [...directives].join(' ').match(/\w+/g) ?? []),
      length: 1,
    }));
}

function owners({ owned }: EntityModel, names: readonly string[]): ReadonlySet<string> {
  return new Set(names.flatMap((name) => owned.get(name)?.services ?? []));
}

type Place = { readonly service: ServiceModel; readonly links: readonly Link[]; readonly name: string };

function addLink(entity: EntityModel, { service, links, name }: Place, random: Random): Link | undefined {
  const others = links.filter((link) => link.service !== service && link.length < LONGEST);
  // With several keys, the plan of two required chains may miss a dependency between fetches.
  const before = random.some(others, 0.6).slice(0, entity.keys.length > 1 ? 1 : 2);
  const plain = random.some(usableFields(entity, service), before.length > 0 ? 0.2 : 0.6).slice(0, 2);
  const required = [...new Set([...before.map(({ field }) => field), ...plain])];
  if (required.length === 0) return undefined;
  const type = typeIn(service, entity.name);
  for (const field of required) declare(type, field, '@external');
  const field = { name, type: random.pick(TYPES), args: random.pick(ARGUMENTS) };
  declare(type, field, requiring(required.map((one) => requirement(one, random))));
  return {
    field,
    service,
    services: before.reduce<ReadonlySet<string>>(
      (all, link) => all.union(link.services).union(new Set([link.service.name])),
      owners(
        entity,
        plain.map((one) => one.name),
      ),
    ),
    length: 1 + Math.max(0, ...before.map(({ length }) => length)),
  };
}

/** Moves a field of a chain from another service, all at once or by a label. */
function addOverridden(
  entity: EntityModel,
  { field, service }: Link,
  { homes, links }: { readonly homes: readonly ServiceModel[]; readonly links: readonly Link[] },
  random: Random,
): void {
  const previous = random.maybePick(homes.filter((home) => home !== service));
  if (previous === undefined || links.some((link) => link.services.has(previous.name))) return;
  declare(typeIn(previous, entity.name), field);
  const label = random.pick(['', ', label: "percent(50)"', ', label: "move"']);
  declare(typeIn(service, entity.name), field, `@override(from: "${previous.name}"${label})`);
}

/** Lets another service provide a field of a chain. */
function addProvided(
  entity: EntityModel,
  { field, service }: Link,
  homes: readonly ServiceModel[],
  random: Random,
): void {
  const other = random.maybePick(homes.filter((home) => home !== service));
  if (other === undefined || field.args !== '' || !isLeaf(namedTypeOf(field.type))) return;
  const { directives } = declare(typeIn(service, entity.name), field);
  const isMoved = [...directives].some((directive) => directive.startsWith('@override'));
  if (isMoved) return;
  directives.add('@shareable');
  declare(typeIn(other, entity.name), field, '@external', PROVIDABLE);
}
