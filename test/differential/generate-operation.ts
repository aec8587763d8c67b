import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  isNonNullType,
  isObjectType,
  isUnionType,
  parse,
  validate,
} from 'graphql';
import type { GraphQLArgument, GraphQLCompositeType, GraphQLField, GraphQLSchema } from 'graphql';
import { inputValue, literal } from './draw-values.ts';
import { randomOf } from './random.ts';
import type { Random } from './random.ts';

export type GeneratedOperation = {
  readonly document: string;
  readonly operationName?: string;
  readonly variables: Readonly<Record<string, unknown>>;
};

/**
 * Names that are dangerous as keys of plain objects, or that the planner and the subgraphs use themselves.
 */
const ALIASES = [
  '__proto__',
  'constructor',
  'toString',
  'id',
  'sku',
  'ref',
  '__typename',
  'f0',
  'f1',
  'label',
  'x',
  'y',
] as const;

type Drawing = {
  readonly schema: GraphQLSchema;
  readonly random: Random;
  readonly variables: Map<string, { readonly type: string; readonly value: unknown }>;
  readonly fragments: Map<string, string>;
  /** Fields by the response names at a path, so that most documents are valid. */
  readonly taken: Map<string, string>;
  fieldsLeft: number;
};

/** Returns a valid operation, or `undefined` if the drawn ones were not valid. */
export function generateOperation(schema: GraphQLSchema, seed: string): GeneratedOperation | undefined {
  for (let attempt = 0; attempt < 8; attempt += 1) {
    const operation = drawOperation(schema, randomOf(`operation ${seed} ${attempt}`));
    if (validate(schema, parse(operation.document)).length === 0) return operation;
  }
  return undefined;
}

function drawOperation(schema: GraphQLSchema, random: Random): GeneratedOperation {
  const drawing: Drawing = {
    schema,
    random,
    variables: new Map(),
    fragments: new Map(),
    taken: new Map(),
    fieldsLeft: 3 + random.int(16),
  };
  const mutation = schema.getMutationType();
  const isMutation = mutation !== undefined && mutation !== null && random.chance(0.15);
  const root = isMutation ? mutation : schema.getQueryType();
  if (!root) throw new Error('there is no query type');
  const selections = selectionSet(drawing, root, '', isMutation ? 2 : 4);
  const kind = isMutation ? 'mutation' : 'query';
  const definitions = [...drawing.variables].map(([name, { type }]) => `$${name}: ${type}`).join(', ');
  const head = `${kind} Q${definitions === '' ? '' : `(${definitions})`}`;
  const other = random.chance(0.1) ? '\nquery Other { __typename }' : '';
  return {
    document: `${head} ${selections}${[...drawing.fragments.values()].map((text) => `\n${text}`).join('')}${other}`,
    operationName: 'Q',
    variables: Object.fromEntries(
      [...drawing.variables].flatMap(([name, { value }]) => (value === undefined ? [] : [[name, value]])),
    ),
  };
}

function selectionSet(drawing: Drawing, type: GraphQLCompositeType, path: string, depth: number): string {
  const { random } = drawing;
  const count = 1 + random.int(path === '' ? 3 : 5);
  const selections: string[] = [];
  for (let index = 0; index < count && (drawing.fieldsLeft > 0 || index === 0); index += 1) {
    selections.push(selection(drawing, type, path, depth));
  }
  return `{ ${selections.join(' ')} }`;
}

function selection(drawing: Drawing, type: GraphQLCompositeType, path: string, depth: number): string {
  const { random } = drawing;
  const isRoot = path === '';
  if (random.chance(0.06)) return `__typename${conditions(drawing)}`;
  if (isRoot && type.name === 'Query' && random.chance(0.04)) return introspection(drawing);
  if (depth > 0 && random.chance(isAbstractType(type) ? 0.5 : 0.12))
    return fragment(drawing, type, path, depth - 1);
  if (isUnionType(type)) return fragment(drawing, type, path, depth - 1);
  const fields = Object.values(type.getFields()).filter(
    (field) => depth > 0 || !isCompositeType(getNamedType(field.type)),
  );
  // Otherwise few operations would go as far as the fields that read a context.
  const leading = fields.filter(({ name }) => /^(?:ctx|[tmx])\d$/.test(name));
  const field = random.maybePick(leading.length > 0 && random.chance(0.5) ? leading : fields);
  return field === undefined ? '__typename' : fieldSelection(drawing, field, path, depth);
}

function introspection({ random }: Drawing): string {
  return random.pick([
    '__schema { queryType { name } }',
    'types: __type(name: "E0") { kind name fields { name args { defaultValue } type { kind ofType { name } } } }',
    '__type(name: "Nope") { name }',
  ]);
}

function fragment(drawing: Drawing, parent: GraphQLCompositeType, path: string, depth: number): string {
  const { schema, random, fragments } = drawing;
  const possible = isAbstractType(parent) ? [...schema.getPossibleTypes(parent)] : [parent];
  const narrower: readonly GraphQLCompositeType[] = [
    ...possible,
    ...possible.flatMap((type) => (isObjectType(type) ? type.getInterfaces() : [])),
  ];
  const condition = random.maybePick(narrower) ?? parent;
  const selections = selectionSet(drawing, condition, path, Math.max(depth, 0));
  if (random.chance(0.15))
    return `...${conditions(drawing)} ${selectionSet(drawing, parent, path, Math.max(depth, 0))}`;
  if (random.chance(0.6)) return `... on ${condition.name}${conditions(drawing)} ${selections}`;
  const name = `F${fragments.size}`;
  fragments.set(name, `fragment ${name} on ${condition.name} ${selections}`);
  return `...${name}${conditions(drawing)}`;
}

function fieldSelection(
  drawing: Drawing,
  field: GraphQLField<unknown, unknown>,
  path: string,
  depth: number,
): string {
  drawing.fieldsLeft -= 1;
  const given = fieldArguments(drawing, field);
  const name = responseName(drawing, field.name, `${field.name}${given}`, path);
  const alias = name === field.name ? '' : `${name}: `;
  const type = getNamedType(field.type);
  const inner = isCompositeType(type) ? ` ${selectionSet(drawing, type, `${path}.${name}`, depth - 1)}` : '';
  return `${alias}${field.name}${given}${conditions(drawing)}${inner}`;
}

function responseName({ random, taken }: Drawing, name: string, meaning: string, path: string): string {
  const wished = random.chance(0.2) ? random.pick(ALIASES) : name;
  for (let count = 0; ; count += 1) {
    const candidate = count === 0 ? wished : `${wished.replace(/^_+/, '')}${count}`;
    const known = taken.get(`${path}.${candidate}`);
    if (known !== undefined && known !== meaning) continue;
    taken.set(`${path}.${candidate}`, meaning);
    return candidate;
  }
}

function conditions(drawing: Drawing): string {
  const { random } = drawing;
  if (!random.chance(0.1)) return '';
  const value = random.chance(0.3)
    ? random.pick(['true', 'false'])
    : variable(drawing, 'Boolean!', random.chance(0.5));
  return ` @${random.pick(['skip', 'include'])}(if: ${value})`;
}

function fieldArguments(drawing: Drawing, field: GraphQLField<unknown, unknown>): string {
  const given = field.args.filter((argument) => isNonNullType(argument.type) || drawing.random.chance(0.5));
  if (given.length === 0) return '';
  return `(${given.map((argument) => `${argument.name}: ${argumentValue(drawing, argument)}`).join(', ')})`;
}

function argumentValue(drawing: Drawing, { type, defaultValue }: GraphQLArgument): string {
  const { random } = drawing;
  if (random.chance(0.5)) return literal(random, type);
  const isOmitted = !isNonNullType(type) && defaultValue === undefined && random.chance(0.2);
  return variable(drawing, String(type), isOmitted ? undefined : inputValue(random, type));
}

/** Declares a variable; one may be named `representations`, like the variable of entity fetches. */
function variable({ random, variables }: Drawing, type: string, value: unknown): string {
  const [reused] = [...variables].filter(([, known]) => known.type === type).map(([name]) => name);
  if (reused !== undefined && random.chance(0.4)) return `$${reused}`;
  const name =
    !variables.has('representations') && random.chance(0.1) ? 'representations' : `v${variables.size}`;
  variables.set(name, { type, value });
  return `$${name}`;
}
