import { array, asyncProperty, assert, constant, constantFrom, oneof, record, subarray } from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { expect, test } from 'vitest';
import type { Subject } from '../../router/authorization/requirement.ts';
import { COORDINATES, TYPES, demandingGraph } from '../support/graphs/demanding-graph.ts';
import type { Demands } from '../support/graphs/demanding-graph.ts';

type Met = (subject: Extract<Subject, { kind: 'user' }>) => boolean;

/** The meaning of each directive, implemented independently of the router. */
const MEANINGS: readonly (readonly [directive: string, met: Met])[] = [
  ['@authenticated', () => true],
  ['@requiresScopes(scopes: [["a"]])', ({ scopes }) => scopes.includes('a')],
  [
    '@requiresScopes(scopes: [["a", "b"], ["c"]])',
    ({ scopes }) => scopes.includes('c') || (scopes.includes('a') && scopes.includes('b')),
  ],
  ['@policy(policies: [["p"]])', ({ roles }) => roles.includes('staff')],
  ['@policy(policies: [["p", "unknown"]])', () => false],
];

const demand = oneof(
  { weight: 2, arbitrary: constant('') },
  { weight: 3, arbitrary: constantFrom(...MEANINGS.map(([directive]) => directive)) },
);

const demands: Arbitrary<Demands> = record(Object.fromEntries(COORDINATES.map((name) => [name, demand])));

const subject: Arbitrary<Subject> = oneof(
  constant<Subject>({ kind: 'anonymous' }),
  record({
    kind: constant('user' as const),
    scopes: subarray(['a', 'b', 'c']),
    roles: subarray(['staff']),
  }),
);

const FIELDS = '__typename id f g h';
const SELECTION = `__typename id f g ${TYPES.map((type) => `... on ${type} { h }`).join(' ')}`;

/** Every path to an object of a type; the lists contain one object of each type. */
const WAYS: readonly ((type: string) => string)[] = [
  (type) => `{ ${type} { ${FIELDS} } }`,
  (type) => `{ ${type} { ...S } } fragment S on ${type} { ${FIELDS} }`,
  (type) => `{ ${type} { ... on Node { ${SELECTION} } } }`,
  (type) => `{ ${type} { ...S ...N } } fragment S on Named { f } fragment N on Node { ${SELECTION} }`,
  (type) => `{ ${type} { self { ${FIELDS} } } }`,
  (type) => `{ ${type} { any { ... on Named { ... on Node { ${SELECTION} } } } } }`,
  () => `{ nodes { ${SELECTION} } }`,
  () => `{ nodes { ${TYPES.map((type) => `... on ${type} { ${FIELDS} }`).join(' ')} } }`,
  () => `{ nodes { ... on Named { node { ${SELECTION} } } } }`,
  () => `{ named { ... on Node { ${SELECTION} } } }`,
  () => `{ anys { ... on Node { ${SELECTION} } } }`,
  () => `{ anys { ...F } } fragment F on Named { f ...G } fragment G on Node { ${SELECTION} }`,
];

function meets(name: string, demanded: Demands, who: Subject): boolean {
  const directive = demanded[name] ?? '';
  if (directive === '') return true;
  const [, met] = MEANINGS.find(([text]) => text === directive) ?? [];
  return who.kind === 'user' && met?.(who) === true;
}

/** Returns the expected object in the response. */
function expectedOf(type: string, demanded: Demands, who: Subject): unknown {
  const has = (...names: string[]) => names.every((name) => meets(name, demanded, who));
  if (!has(type)) return null;
  return {
    __typename: type,
    id: type,
    f: has(`${type}.f`) ? 1 : null,
    g: has(`${type}.g`, 'Level') ? 'LOW' : null,
    h: has(`${type}.h`) ? 2 : null,
  };
}

/**
 * Returns the object of the type in a response. The fields on the path have the same requirements as the
 * object.
 */
function find(type: (typeof TYPES)[number], data: unknown): unknown {
  const [value] = Object.values(Object(data));
  const found: unknown = Array.isArray(value) ? value[TYPES.indexOf(type)] : value;
  const [step] = ['self', 'any', 'node'].filter((name) => name in Object(found));
  return step === undefined ? found : Object(found)[step];
}

function isDeniedField(coordinate: string, demanded: Demands, who: Subject): boolean {
  const [type = '', name = ''] = coordinate.split('.');
  const expected = expectedOf(type, demanded, who);
  return expected === null || Object(expected)[name] === null;
}

const counts = { responses: 0, nulls: 0, values: 0 };

test('every path to an object has the same result, and denied fields are not fetched', async () => {
  await assert(
    asyncProperty(demands, array(subject, { minLength: 2, maxLength: 4 }), async (demanded, subjects) => {
      const ask = demandingGraph(demanded);
      for (const who of subjects) {
        for (const [way, type] of WAYS.flatMap((one) => TYPES.map((name) => [one, name] as const))) {
          const query = way(type);
          const { data, errors, resolved } = await ask(query, who);
          const expected = expectedOf(type, demanded, who);
          expect([query, find(type, data)]).toEqual([query, expected]);
          expect([...resolved].filter((coordinate) => isDeniedField(coordinate, demanded, who))).toEqual([]);
          const codes = new Set(errors.map(({ extensions }) => extensions.code));
          const isWhole = !JSON.stringify(data).includes('null');
          expect([...codes]).toEqual(isWhole ? [] : ['UNAUTHORIZED_FIELD_OR_TYPE']);
          counts.responses += 1;
          counts[expected === null ? 'nulls' : 'values'] += 1;
        }
      }
    }),
    { numRuns: 10, seed: 20_261 },
  );
  expect(Math.min(counts.nulls, counts.values)).toBeGreaterThan(100);
}, 120_000);
