import type { Random } from '../differential/random.ts';

type TypeName = 'Query' | 'Mutation' | 'Book' | 'Review';
type Field = { readonly name: string; readonly type?: TypeName; readonly args?: readonly string[] };

/** The fields of the types in `library.ts`. */
const FIELDS: Readonly<Record<TypeName, readonly [Field, ...Field[]]>> = {
  Query: [
    { name: 'books', type: 'Book' },
    { name: 'book', type: 'Book', args: ['id'] },
    { name: 'newest', type: 'Review' },
    { name: '__typename' },
    { name: '__schema' },
  ],
  Mutation: [{ name: 'rename', type: 'Book', args: ['id', 'title'] }],
  Book: [
    { name: 'id' },
    { name: 'title' },
    { name: 'pages' },
    { name: 'reviews', type: 'Review' },
    { name: 'reviews', type: 'Review' },
    { name: '__typename' },
  ],
  Review: [{ name: 'text' }, { name: 'book', type: 'Book' }, { name: '__typename' }],
};

/** The boolean variable of documents; all others are ids. */
export const FLAG = 'flag';

const NAMES = [
  'books',
  'book',
  'newest',
  'rename',
  'id',
  'title',
  'reviews',
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
const ALIASES = ['x', '__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length', 'then'] as const;
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
const IDS = [
  '"1"',
  '"1"',
  '2',
  '""',
  '"\\u0000"',
  '"\u{1F600}"',
  '"""block"""',
  '$a',
  '$constructor',
  '$__proto__',
] as const;

/** The state of a document while it is generated. */
type Draft = {
  readonly random: Random;
  /** Probability of an error: zero in most documents, so that they are executed. */
  readonly slips: number;
  readonly variables: Set<string>;
  fragment: 'unused' | 'used' | 'written';
  aliases: number;
};

/** Returns a document of the grammar, mostly valid for the small schema. */
export function randomDocument(random: Random): string {
  if (random.chance(0.03)) return random.pick(BOMBS)();
  const slips = random.chance(0.7) ? 0 : 0.08;
  const draft: Draft = { random, slips, variables: new Set(), fragment: 'unused', aliases: 0 };
  const kind = isSlip(draft) ? 'subscription' : random.pick(['query', 'query', 'query', 'mutation', '']);
  const name = kind !== '' && random.chance(0.5) ? ` ${random.pick([...ALIASES, 'A'])}` : '';
  const body = selection(draft, kind === 'mutation' ? 'Mutation' : 'Query', 5);
  const fragment = writeFragment(draft);
  if (kind === '' && draft.variables.size === 0) return `${body}${fragment}`;
  return `${kind === '' ? 'query' : kind}${name}${declarations(draft)}${body}${fragment}`;
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

function isSlip({ random, slips }: Draft): boolean {
  return slips > 0 && random.chance(slips);
}

function selection(draft: Draft, type: TypeName, depth: number): string {
  const count = 1 + draft.random.int(3);
  return `{ ${Array.from({ length: count }, () => selected(draft, type, depth)).join(' ')} }`;
}

function selected(draft: Draft, type: TypeName, depth: number): string {
  const { random } = draft;
  if (depth > 0 && random.chance(0.08)) {
    const on = isSlip(draft) ? random.pick(['Book', 'Review', 'Query', 'Absent']) : type;
    return `... on ${on}${directive(draft)} ${selection(draft, type, depth - 1)}`;
  }
  if ((type === 'Book' && random.chance(0.08)) || isSlip(draft)) {
    if (draft.fragment !== 'written') draft.fragment = 'used';
    return `...F${directive(draft)}`;
  }
  const options = FIELDS[type].filter((field) => field.type === undefined || depth > 0);
  const field = random.maybePick(options) ?? { name: '__typename' };
  const name = isSlip(draft) ? random.pick(NAMES) : field.name;
  const given = (field.args ?? []).map((argument) => `${argument}: ${argumentOf(draft, argument)}`);
  const inner = field.type === undefined ? '' : ` ${selection(draft, field.type, depth - 1)}`;
  const schema = name === '__schema' ? ' { queryType { name } }' : inner;
  const list = given.length === 0 ? '' : `(${given.join(', ')})`;
  return `${alias(draft, given.length > 0)}${name}${list}${directive(draft)}${schema}`;
}

/** Different aliases, so that no two fields of one name conflict; their arguments may differ. */
function alias(draft: Draft, isNeeded: boolean): string {
  const { random } = draft;
  if (isSlip(draft)) return `${random.pick(NAMES)}: `;
  if (!isNeeded && !random.chance(0.12)) return '';
  draft.aliases += 1;
  return `${random.pick(ALIASES)}${draft.aliases === 1 ? '' : draft.aliases}: `;
}

function argumentOf(draft: Draft, argument: string): string {
  const { random } = draft;
  if (isSlip(draft)) return random.pick(VALUES);
  if (argument !== 'id') return random.pick(['"T"', '""', '"""block"""']);
  return using(draft, random.pick(IDS));
}

function using({ variables }: Draft, value: string): string {
  if (value.startsWith('$')) variables.add(value.slice(1));
  return value;
}

function declarations(draft: Draft): string {
  const { random } = draft;
  const names = [...draft.variables];
  if (isSlip(draft)) names.push(random.pick(['a', '__proto__', 'constructor', 'unused']));
  if (names.length === 0) return '';
  const typeOf = (name: string) => (isSlip(draft) ? random.pick(TYPES) : name === FLAG ? 'Boolean!' : 'ID!');
  return `(${names.map((name) => `$${name}: ${typeOf(name)}`).join(', ')})`;
}

function writeFragment(draft: Draft): string {
  const { random } = draft;
  const isWanted = draft.fragment === 'used' && !isSlip(draft);
  if (!isWanted && !isSlip(draft)) return '';
  draft.fragment = 'written';
  const on = isSlip(draft) ? random.pick(['Query', 'Absent', 'Review']) : 'Book';
  const fields = ['id', 'pages title', '__typename', 'reviews { text }', 'pages reviews { book { id } }'];
  return `\nfragment F on ${on} { ${random.maybePick(fields)}${isSlip(draft) ? ' ...F' : ''} }`;
}

function directive(draft: Draft): string {
  const { random } = draft;
  if (isSlip(draft)) return ` @${random.pick(DIRECTIVES)}(if: ${random.pick(VALUES)})`;
  if (!random.chance(0.05)) return '';
  const value = using(draft, random.pick(['true', 'false', `$${FLAG}`]));
  return ` @${random.pick(['skip', 'include'])}(if: ${value})`;
}
