import { declare, isLeaf, typeIn } from './graph-model.ts';
import type { EntityModel, FieldModel, GraphModel, ServiceModel, TypeModel } from './graph-model.ts';
import type { Random } from './random.ts';

/**
 * Adds an entity whose fields read a field of the entities above it with `@fromContext`. It is selected only
 * below them, because composition rejects other places.
 */
export function addContexts(model: GraphModel, random: Random): void {
  const service = random.pick(model.services);
  const holders = model.entities.filter(({ homes }) => homes.has(service.name));
  const [first, second] = random.some(holders, 0.6);
  const field = first && random.maybePick(readable(service, first));
  if (first === undefined || field === undefined) return;
  const type = field.type.replaceAll('!', '');
  const other = second && readable(service, second).find((one) => one.type.replaceAll('!', '') === type);
  const sources =
    other === undefined || second === undefined
      ? [{ holder: first, field }]
      : [
          { holder: first, field },
          { holder: second, field: other },
        ];
  const selection =
    sources.length === 1
      ? `{ ${field.name} }`
      : sources.map((source) => `... on ${source.holder.name} { ${source.field.name} }`).join(' ');
  addReader(service, { selection, type }, random);
  for (const { holder } of sources) addPaths(service, holder, random);
  addElsewhere(model, service, { holder: first, random });
}

/** Leaves that the service resolves itself. */
function readable(service: ServiceModel, { name }: EntityModel): FieldModel[] {
  return [...typeIn(service, name).fields.values()]
    .filter(
      ({ field, directives }) => isLeaf(field.type) && directives.size === 0 && !field.args.includes('!'),
    )
    .map(({ field }) => field);
}

function addReader(
  service: ServiceModel,
  { selection, type }: { readonly selection: string; readonly type: string },
  random: Random,
): void {
  const reader = keyed(service, 'T0');
  declare(reader, { name: 'plain', type: 'Int', args: '' });
  for (let index = 0; index < 1 + random.int(2); index += 1) {
    declare(reader, {
      name: `ctx${index}`,
      type: random.pick(['Int', 'String!', '[Float!]', 'V0', '[V1]']),
      args: `(${random.pick(['', 'first: Int, ', 'exact: Exact, '])}c: ${type} @fromContext(field: "$ctx ${selection}"))`,
    });
  }
}

function addPaths(service: ServiceModel, holder: EntityModel, random: Random): void {
  const type = typeIn(service, holder.name);
  type.head.directives.add('@context(name: "ctx")');
  declare(type, { name: 't0', type: random.pick(['T0', '[T0!]', '[[T0]]']), args: '' });
  if (random.chance(0.5)) declare(type, { name: 'w0', type: random.pick(['W0', '[W0!]!']), args: '' });
  if (random.chance(0.4))
    declare(typeIn(service, 'T0'), { name: `up${holder.name}`, type: holder.name, args: '' });
  const between = typeIn(service, 'W0');
  declare(between, { name: 't0', type: random.pick(['T0', '[T0]']), args: '' });
  declare(between, { name: 'plain', type: 'Int', args: '' });
}

/** Another service knows the entity, and has fields of its own on it or leads to it. */
function addElsewhere(
  model: GraphModel,
  service: ServiceModel,
  { holder, random }: { readonly holder: EntityModel; readonly random: Random },
): void {
  const other = model.services.find((candidate) => candidate !== service);
  if (other === undefined) return;
  if (random.chance(0.6)) declare(keyed(other, 'T0'), { name: 'far', type: 'String', args: '' });
  if (random.chance(0.3)) return;
  // The other service resolves an object between the two. It is one object for all that refer to it.
  declare(typeIn(service, holder.name), { name: 'm0', type: random.pick(['M0', '[M0!]']), args: '' });
  keyed(service, 'M0');
  const between = keyed(other, 'M0');
  const list = random.pick(['T0', '[T0!]']);
  if (random.chance(0.5)) declare(between, { name: 't0', type: list, args: '' });
  else declare(between, { name: 'x0', type: 'X0', args: '' });
  declare(typeIn(other, 'X0'), { name: 't0', type: list, args: '' });
  keyed(other, 'T0');
}

/** An entity with the key `id`. */
function keyed(service: ServiceModel, name: string): TypeModel {
  const type = typeIn(service, name);
  type.head.directives.add('@key(fields: "id")');
  declare(type, { name: 'id', type: 'ID!', args: '' });
  return type;
}
