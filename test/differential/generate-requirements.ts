import { PROVIDABLE, declare, isLeaf, namedTypeOf, typeIn } from './graph-model.ts';
import type { EntityModel, FieldModel, GraphModel, ServiceModel } from './graph-model.ts';
import type { Random } from './random.ts';

/** Adds fields that `@requires` others, and externals that can be provided. */
export function addRequirements(model: GraphModel, random: Random): void {
  for (const entity of model.entities) {
    for (const service of model.services.filter(({ name }) => entity.homes.has(name))) {
      if (random.chance(0.6)) addRequiring(entity, service, random);
      if (random.chance(0.3)) addProvidable(model, entity, service, random);
    }
  }
}

function foreignFields(entity: EntityModel, service: ServiceModel): FieldModel[] {
  const declared = typeIn(service, entity.name).fields;
  return [...entity.owned.values()].map(({ field }) => field).filter(({ name }) => !declared.has(name));
}

/** Fields of other services that can be required. */
export function usableFields(entity: EntityModel, service: ServiceModel): FieldModel[] {
  return foreignFields(entity, service).filter(
    (field) => isLeaf(field.type) || Object.hasOwn(INNER, namedTypeOf(field.type)),
  );
}

function addRequiring(entity: EntityModel, service: ServiceModel, random: Random): void {
  const type = typeIn(service, entity.name);
  const usable = usableFields(entity, service);
  for (let index = 0; index < 1 + random.int(3); index += 1) {
    const required = random.some(usable, 0.6).slice(0, 2);
    if (required.length === 0) continue;
    for (const field of required) declare(type, field, '@external');
    const fields = required.map((field) => requirement(field, random));
    const own = {
      name: `${service.name}Of${index}`,
      type: random.pick(['Int', 'String', '[Float!]']),
      args: '',
    };
    declare(type, own, requiring(fields));
  }
}

export function requiring(fields: readonly string[]): string {
  return `@requires(fields: "${fields.join(' ').replaceAll('"', '\\"')}")`;
}

/** The required selection of a composite field, by its type. */
const INNER = {
  V0: ['note', 'width', 'width(round: true)', 'note width(round: false)'],
  Named: [
    'label',
    'label(upper: true)',
    '__typename label',
    '... on V0 { note }',
    'label ... on V0 { width } ... on V1 { note }',
  ],
  Any: [
    '... on V0 { note }',
    '... on V0 { note label } ... on V1 { inner { width } }',
    '__typename ... on V1 { width(round: true) }',
  ],
} as const;

/** Returns a selection of a field that another may require. */
export function requirement({ name, args, type }: FieldModel, random: Random): string {
  const given = random.pick(requiredArguments(args));
  const named = namedTypeOf(type);
  switch (named) {
    case 'V0':
    case 'Named':
    case 'Any':
      return `${name}${given} { ${random.pick(INNER[named])} }`;
    default:
      return `${name}${given}`;
  }
}

/** Arguments that may be passed to a field in a requirement. */
export function requiredArguments(args: string): readonly [string, ...string[]] {
  if (args.includes('first')) return ['', '(first: 1)', '(first: 2)'];
  if (args.includes('exact:') && !args.includes('filter')) return ['', '(exact: "x")'];
  if (args.includes('unit')) return ['', '(unit: "IN")', '(colour: RED, unit: "M")'];
  if (args.includes('filter')) return ['', '(ids: ["x"])', '(filter: { word: "w", limit: 1 })'];
  return [''];
}

/** Marks a leaf that another service owns as external here and shareable there, for `@provides`. */
function addProvidable(model: GraphModel, entity: EntityModel, service: ServiceModel, random: Random): void {
  const leaves = foreignFields(entity, service).filter((field) => field.args === '' && isLeaf(field.type));
  const field = random.maybePick(leaves);
  if (field === undefined) return;
  declare(typeIn(service, entity.name), field, '@external', PROVIDABLE);
  for (const owner of model.services) {
    const declared = owner.types.get(entity.name)?.fields.get(field.name);
    if (declared !== undefined && !declared.directives.has('@external'))
      declared.directives.add('@shareable');
  }
}
