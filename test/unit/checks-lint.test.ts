import { describe, expect, test } from 'vitest';
import { check } from '../../checks/check.ts';
import { lintSubgraph } from '../../checks/lint/lint.ts';
import { lintSettings } from '../../checks/lint/lint-rules.ts';
import type { LintSettings } from '../../checks/lint/lint-rules.ts';
import { compose } from '../../router/supergraph/compose.ts';

/** The rules of lint, and which of their findings a change introduces. */

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key", "@shareable", "@external", "@listSize"])`;

/** Each rule with a schema that breaks it once, the coordinate and the line. */
const BROKEN: readonly (readonly [rule: string, sdl: string, coordinate: string, line: number])[] = [
  ['TYPE_NAME_CASE', 'type order_item { id: ID }', 'order_item', 1],
  ['FIELD_NAME_CASE', 'type Order {\n  Total: Int\n}', 'Order.Total', 2],
  ['FIELD_NAME_CASE', 'input Filter {\n\n  min_price: Int\n}', 'Filter.min_price', 3],
  ['FIELD_NAME_CASE', 'type Query {\n  order(order_id: ID): Int\n}', 'Query.order(order_id:)', 2],
  ['ENUM_VALUE_CASE', 'enum Status { PAID\n shipped }', 'Status.shipped', 2],
  ['DEPRECATION_REASON_MISSING', 'type Order {\n  total: Int @deprecated\n}', 'Order.total', 2],
  ['DEPRECATION_REASON_MISSING', 'enum Status { PAID\n SENT @deprecated }', 'Status.SENT', 2],
  [
    'LIST_SIZE_MISSING',
    'type Query {\n  items(first: Int): [Item!]!\n}\ntype Item { n: Int }',
    'Query.items',
    2,
  ],
  [
    'LIST_UNBOUNDED',
    'extend type Query {\n  users: [User]\n}\ntype User @key(fields: "id") { id: ID! }',
    'Query.users',
    2,
  ],
];

/** Schemas that no rule objects to with default settings. */
const CLEAN = [
  'type Order { id: ID! items: [Item!]! tags: [String!]! } type Item { n: Int }',
  'type Query { users(first: Int): [User!]! @listSize(slicingArguments: ["first"]) } type User @key(fields: "id") { id: ID! }',
  'type Query { users: [User!]! @listSize(assumedSize: 3) } type User @key(fields: "id") { id: ID! }',
  'type Query { _service: Int } scalar JSON enum E { A_1 } type T { _private: Int old: Int @deprecated(reason: "use new") }',
  `${LINK} type T @shareable { x: Int }`,
];

const settingsOf = (settings: unknown): LintSettings => lintSettings.parse(settings);

describe('lint of one subgraph', () => {
  test.each(BROKEN)('%s: %s', (rule, sdl, coordinate, line) => {
    expect(lintSubgraph(sdl)).toEqual([
      {
        code: rule,
        severity: 'warning',
        coordinate,
        line,
        column: expect.any(Number),
        message: expect.stringContaining(coordinate),
        isNew: true,
      },
    ]);
    expect(lintSubgraph(sdl, settingsOf({ rules: { [rule]: 'off' } }))).toEqual([]);
    expect(lintSubgraph(sdl, settingsOf({ ignore: { [rule]: [coordinate] } }))).toEqual([]);
    expect(lintSubgraph(sdl, settingsOf({ rules: { [rule]: 'error' } }))).toMatchObject([
      { severity: 'error' },
    ]);
  });

  test.each(CLEAN)('objects to nothing in %s', (sdl) => {
    expect(lintSubgraph(sdl)).toEqual([]);
  });

  test('demands descriptions only where a setting asks for them, and not of fields of other subgraphs', () => {
    const sdl =
      'type User @key(fields: "id") { id: ID! name: String @external\n "shown" age: Int mail: String }';
    expect(lintSubgraph(sdl)).toEqual([]);
    const demanded = lintSubgraph(sdl, settingsOf({ rules: { DESCRIPTION_MISSING: 'warning' } }));
    expect(demanded.map(({ coordinate }) => coordinate)).toEqual(['User', 'User.mail']);
    const ignore = { DESCRIPTION_MISSING: ['User.*'] };
    const rest = lintSubgraph(sdl, settingsOf({ rules: { DESCRIPTION_MISSING: 'warning' }, ignore }));
    expect(rest.map(({ coordinate }) => coordinate)).toEqual(['User']);
  });

  test('rejects settings with an unknown rule or level', () => {
    expect(() => settingsOf({ rules: { TYPE_NAMES: 'off' } })).toThrow(/TYPE_NAMES/);
    expect(() => settingsOf({ rules: { TYPE_NAME_CASE: 'fatal' } })).toThrow(/error/);
  });
});

describe('lint of a change', () => {
  const users = `${LINK}
    type Query { user: User }
    type User @key(fields: "id") {
      id: ID!
      display_name: String! @shareable
    }`;
  const ratings = `${LINK}
    type User @key(fields: "id") {
      id: ID!
      display_name: String @shareable
      rating: Int!
    }`;

  const subgraph = (name: string, sdl: string) => ({
    name,
    url: 'http://a.example',
    sdl,
    place: `${name}.graphql`,
  });

  test('marks what it introduces, compares subgraphs, and fails for a new error only', async () => {
    const composed = compose([subgraph('users', users)]);
    if (composed.kind === 'failed') throw new Error(JSON.stringify(composed.findings));
    const checked = (rules: unknown) =>
      check(
        {
          before: composed.supergraphSdl,
          after: { subgraphs: [subgraph('users', users), subgraph('ratings', ratings)] },
          operations: [],
          settings: { lint: settingsOf({ rules }) },
        },
        { now: Date.now },
      );
    const { success, lint } = await checked({ FIELD_NAME_CASE: 'error' });
    expect({ success, lint }).toEqual({
      success: true,
      lint: [
        {
          code: 'NULLABILITY_DIFFERS',
          severity: 'warning',
          coordinate: 'User.display_name',
          subgraph: 'users',
          file: 'users.graphql',
          line: 5,
          column: 7,
          isNew: true,
          message: 'User.display_name is non-null in users and nullable in ratings.',
        },
        {
          code: 'NON_NULL_ACROSS_SUBGRAPHS',
          severity: 'warning',
          coordinate: 'User.rating',
          subgraph: 'ratings',
          file: 'ratings.graphql',
          line: 5,
          column: 7,
          isNew: true,
          message: 'User.rating is non-null; if a call to ratings fails, each User from users is null.',
        },
        ...(['users', 'ratings'] as const).map((name) => ({
          code: 'FIELD_NAME_CASE',
          severity: 'error',
          coordinate: 'User.display_name',
          subgraph: name,
          file: `${name}.graphql`,
          line: name === 'users' ? 5 : 4,
          column: 7,
          isNew: false,
          message: 'User.display_name is not in camel case.',
        })),
      ],
    });
    expect(await checked({ NULLABILITY_DIFFERS: 'error' })).toMatchObject({ success: false });
  });
});
