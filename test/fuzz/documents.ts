import type { Random } from '../differential/random.ts';

const NAMES = [
  'books',
  'book',
  'newest',
  'rename',
  'id',
  'title',
  'pages',
  'reviews',
  'text',
  '__typename',
  '__schema',
  '__type',
  '__proto__',
  'constructor',
  'toString',
  '_entities',
  '_service',
  'absent',
] as const;
const FIELDS = {
  root: ['books', 'book', 'newest', '__typename', '__schema', 'absent'],
  inner: ['id', 'title', 'pages', 'reviews', 'text', 'book', '__typename', 'constructor'],
} as const;
const TYPES = ['ID', 'ID!', '[ID!]', 'String', 'Int!', 'Boolean', 'Book', 'Absent'] as const;
const DIRECTIVES = ['skip', 'include', 'defer', 'stream', 'deprecated', 'key', 'absent'] as const;
const VALUES = [
  'null',
  'true',
  '0',
  '-1',
  '1e400',
  '9007199254740993',
  '""',
  '"\\u0000"',
  '"\\uD800"',
  '"""block"""',
  '[]',
  '{}',
  '{a: 1}',
  'ENUM',
  '$a',
  '$__proto__',
  '$constructor',
  '"\u{1F600}"',
  '[[[[1]]]]',
] as const;

/** A document of the grammar, most often valid over the small schema. */
export function randomDocument(random: Random): string {
  if (random.chance(0.05)) return random.pick(BOMBS)();
  const kind = random.pick(['query', 'query', 'query', 'mutation', 'subscription', '']);
  const name = kind !== '' && random.chance(0.5) ? ` ${random.pick([...NAMES, 'A'])}` : '';
  const body =
    kind === 'mutation'
      ? `{ rename(id: ${value(random)}, title: ${value(random)}) ${selection(random, 3)} }`
      : selection(random, 6, FIELDS.root);
  const fragment = random.chance(0.3)
    ? `\nfragment F on ${random.pick(['Book', 'Query', 'Absent'])} ${selection(random, 2)}`
    : '';
  return `${kind}${name}${kind === '' ? '' : declarations(random)}${directive(random)}${body}${fragment}`;
}

const BOMBS = [
  () => `{books${'{book'.repeat(400)}${'}'.repeat(401)}`,
  () => `{${Array.from({ length: 300 }, (_, index) => `a${index}:books{id}`).join(' ')}}`,
  () =>
    `{books{...F0}} ${Array.from({ length: 24 }, (_, n) => `fragment F${n} on Book{...F${n + 1} ...F${n + 1}}`).join(' ')} fragment F24 on Book{id}`,
  () => `{books{...A}} fragment A on Book{...B} fragment B on Book{...A}`,
  () => `{book(id:${'['.repeat(900)}1${']'.repeat(900)}){id}}`,
  () => `{books ${'@skip(if:true)'.repeat(100)} {id}}`,
  () => `query ${'N'.repeat(100_000)}{books{id}}`,
  () => `query($a:${'['.repeat(900)}ID${']'.repeat(900)}){books{id}}`,
] as const satisfies readonly (() => string)[];

function selection(
  random: Random,
  depth: number,
  fields: readonly [string, ...string[]] = FIELDS.inner,
): string {
  const count = 1 + random.int(3);
  return `{ ${Array.from({ length: count }, () => selected(random, depth, fields)).join(' ')} }`;
}

function selected(random: Random, depth: number, fields: readonly [string, ...string[]]): string {
  if (depth > 0 && random.chance(0.08))
    return `... on ${random.pick(['Book', 'Review', 'Query'])} ${selection(random, depth - 1)}`;
  if (random.chance(0.05)) return `...F${directive(random)}`;
  const alias = random.chance(0.15) ? `${random.pick(NAMES)}: ` : '';
  const field = random.chance(0.03) ? random.pick(NAMES) : random.pick(fields);
  const given = field === 'book' && fields === FIELDS.root ? `(id: ${value(random)})` : '';
  const isObject = ['books', 'book', 'newest', 'reviews', '__schema'].includes(field);
  const inner =
    isObject && depth > 0
      ? field === '__schema'
        ? ' { queryType { name } }'
        : selection(random, depth - 1)
      : '';
  return `${alias}${field}${given}${directive(random)}${inner}`;
}

function declarations(random: Random): string {
  if (random.chance(0.6)) return '';
  const names = random.some(['a', '__proto__', 'constructor'], 0.6);
  return names.length === 0 ? '' : `(${names.map((name) => `$${name}: ${random.pick(TYPES)}`).join(', ')})`;
}

function directive(random: Random): string {
  return random.chance(0.06) ? ` @${random.pick(DIRECTIVES)}(if: ${value(random)})` : '';
}

function value(random: Random): string {
  return random.chance(0.5) ? '"1"' : random.pick(VALUES);
}
