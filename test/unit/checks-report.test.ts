import { describe, expect, test } from 'vitest';
import { check } from '../../checks/check.ts';
import type { CheckRequest } from '../../checks/check.ts';
import type { RecordedOperation } from '../../checks/recorded-operation.ts';
import { renderReport } from '../../cli/checks/render-report.ts';
import { compose } from '../../router/supergraph/compose.ts';

/** The report of a check: composition, operations, and the settings that leave operations out. */

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key", "@shareable", "@cost", "@tag", "@override", "@requiresScopes", "@authenticated"])`;

function subgraph(name: string, sdl: string) {
  return { name, url: `http://${name}.example/graphql`, sdl: `${LINK}\n${sdl}`, place: `${name}.graphql` };
}

const PRODUCTS = subgraph(
  'products',
  'type Query { product: Product } type Product { id: ID! name: String! }',
);
const RENAMED = subgraph(
  'products',
  'type Query { product: Product } type Product { id: ID! title: String! }',
);

function supergraphOf(...subgraphs: readonly ReturnType<typeof subgraph>[]): string {
  const composed = compose(subgraphs);
  if (composed.kind === 'failed') throw new Error(JSON.stringify(composed.findings));
  return composed.supergraphSdl;
}

const NOW = Date.parse('2026-11-27T00:00:00Z');

const NAMES: RecordedOperation = { id: 'names', name: 'Names', body: 'query Names { product { name } }' };

function checkOf(request: Partial<CheckRequest>) {
  return check(
    { before: supergraphOf(PRODUCTS), after: { subgraphs: [RENAMED] }, operations: [NAMES], ...request },
    { now: () => NOW, compose: async (subgraphs) => compose(subgraphs) },
  );
}

describe('the report of a check', () => {
  test('lists the operations that are invalid after the change', async () => {
    const { success, composition, operations } = await checkOf({});
    expect({ success, composition, verdicts: operations.map(({ id, verdict }) => [id, verdict]) }).toEqual({
      success: false,
      composition: { errors: [], hints: [] },
      verdicts: [['names', 'breaks']],
    });
    expect(operations[0]?.reasons).toContainEqual(
      expect.objectContaining({ line: 1, source: 'query Names { product { name } }' }),
    );
  });

  test('lists errors of composition with subgraph, coordinate, file and line', async () => {
    const other = subgraph('other', 'type Query { product: Product } type Product { id: ID! name: Int! }');
    const { success, composition, operations } = await checkOf({ after: { subgraphs: [PRODUCTS, other] } });
    expect({ success, operations }).toEqual({ success: false, operations: [] });
    expect(composition.errors).toContainEqual(
      expect.objectContaining({
        code: 'FIELD_TYPE_MISMATCH',
        coordinate: 'Product.name',
        subgraph: 'other',
        file: 'other.graphql',
        line: 2,
      }),
    );
    expect(composition.errors).toContainEqual(
      expect.objectContaining({
        code: 'INVALID_FIELD_SHARING',
        coordinate: 'Product.id',
        subgraph: 'products',
        line: 2,
        column: 48,
      }),
    );
  });

  test('lists an error that composition throws', async () => {
    const object = subgraph('a', 'type Query { a: Node } type Node { id: ID! }');
    const other = subgraph('b', 'interface Node { id: ID! } type Leaf implements Node { id: ID! }');
    const { success, composition } = await checkOf({ after: { subgraphs: [object, other] } });
    expect({ success, errors: composition.errors }).toEqual({
      success: false,
      errors: [
        {
          code: 'INVALID_GRAPHQL',
          message: 'Cannot implement non-interface type Node (of type ObjectType)',
        },
      ],
    });
  });

  test('does not plan an operation whose root type was removed', async () => {
    const rating = subgraph('rating', 'type Mutation { rate: Int }');
    const { operations } = await checkOf({
      before: supergraphOf(PRODUCTS, rating),
      after: { subgraphs: [PRODUCTS] },
      operations: [{ id: 'rate', body: 'mutation { rate }' }],
    });
    expect(operations).toMatchObject([{ verdict: 'breaks', plan: null }]);
    expect(operations[0]?.reasons.map(({ code, coordinate }) => [code, coordinate])).toEqual([
      ['TYPE_REMOVED', 'Mutation'],
    ]);
  });

  test('says how many operations the settings leave out', async () => {
    const client = (name: string, calls: number, lastSeen = '2026-11-26T00:00:00Z') => ({
      name,
      calls,
      lastSeen,
    });
    const operations = [
      { ...NAMES, id: 'used', clients: [client('web', 9), client('crawler', 50)] },
      { ...NAMES, id: 'rare', clients: [client('web', 1)] },
      { ...NAMES, id: 'crawled', clients: [client('crawler', 50)] },
      { ...NAMES, id: 'old', clients: [client('web', 99, '2026-09-01T00:00:00Z')] },
    ];
    const settings = { sinceDays: 30, ignoreBelowCalls: 5, excludeClients: ['crawler'] };
    const report = await checkOf({ operations, settings });
    expect(report.operations.map(({ id, calls }) => [id, calls])).toEqual([['used', 9]]);
    expect(report.evidence).toEqual({
      operations: 1,
      calls: 9,
      sinceDays: 30,
      leftOut: { belowCalls: 1, excludedClients: 1, notSeen: 1 },
    });
  });

  test('leaves out no operation of a client whose calls or time are unknown', async () => {
    const operations = [
      {
        ...NAMES,
        id: 'listed',
        clients: [
          { name: 'ios', calls: null },
          { name: 'web', calls: 1 },
        ],
      },
      { ...NAMES, id: 'undated', clients: [{ name: 'web', calls: 9, lastSeen: 'yesterday' }] },
    ];
    for (const settings of [{}, { sinceDays: 30, ignoreBelowCalls: 5 }]) {
      const report = await checkOf({ operations, settings });
      expect(report.operations.map(({ id, verdict }) => [id, verdict])).toEqual([
        ['listed', 'breaks'],
        ['undated', 'breaks'],
      ]);
      expect(report.success).toBe(false);
    }
  });
});

const client = (name: string, calls: number) => ({ name, calls, lastSeen: '2026-11-26T00:00:00Z' });
const USED_NAMES = { ...NAMES, clients: [client('web', 9), client('ios', 1)] };
const SHOP = `
  type Query { product: Product }
  type Product @key(fields: "id") { id: ID! name: String! price: Int old: String }
`;

/** Checks a change of a shop of one subgraph; `[before, after]` replaces a text in its schema. */
function checkEdit(before: string, after: string, request: Partial<CheckRequest> = {}) {
  return checkOf({
    before: supergraphOf(subgraph('products', SHOP)),
    after: { subgraphs: [subgraph('products', SHOP.replace(before, after))] },
    operations: [USED_NAMES],
    ...request,
  });
}

describe('a change in the report', () => {
  test('is safe if no recorded operation uses the element, with the operations as evidence', async () => {
    const { success, changes, evidence } = await checkEdit(' old: String', '');
    expect({ success, changes }).toEqual({
      success: true,
      changes: [
        {
          code: 'FIELD_REMOVED',
          coordinate: 'Product.old',
          message: "Field 'old' was removed from object type 'Product'",
          criticality: 'breaking',
          verdict: 'safe',
          usedBy: { operations: 0, calls: 0, clients: [] },
        },
      ],
    });
    expect(evidence).toMatchObject({ operations: 1, calls: 10 });
  });

  test('breaks if an operation that uses the element breaks, with its clients', async () => {
    const { success, changes } = await checkEdit('name: String!', 'name: String');
    expect(success).toBe(false);
    expect(changes).toEqual([
      expect.objectContaining({
        code: 'FIELD_TYPE_CHANGED',
        verdict: 'breaks',
        usedBy: { operations: 1, calls: 10, clients: ['ios', 'web'] },
      }),
    ]);
  });

  test('is counted for the operations that use the element, even if it is safe for them', async () => {
    const { success, changes } = await checkEdit('name: String!', 'name: String! @deprecated');
    expect(success).toBe(true);
    expect(changes[0]).toMatchObject({ verdict: 'safe', usedBy: { operations: 1, calls: 10 } });
  });

  test.each([
    ['a removed field', 'old: String', '', 'Product.old', 'Product.name'],
    ['a removed type', 'type Box { size: Int }', '', 'Box.size', 'Product.old'],
    ['a required argument', 'box: Box', 'box(id: ID!): Box', 'Query.box', 'Box.size'],
    ['a required field of an input', 'id: ID }', 'id: ID name: ID! }', 'Find.id', 'Query.find(by:)'],
  ])('breaks for %s that only operations without a document use', async (_, before, after, used, other) => {
    const sdl = `type Query { product: Product box: Box find(by: Find): Int } type Box { size: Int }
      type Product { name: String! old: String } input Find { id: ID }`;
    const base = before.startsWith('type') ? sdl.replace(' box: Box', '') : sdl;
    const checked = (unlisted: Readonly<Record<string, number>>) =>
      checkOf({
        before: supergraphOf(subgraph('products', base)),
        after: { subgraphs: [subgraph('products', base.replace(before, after))] },
        operations: [USED_NAMES],
        settings: { ignoreBelowCalls: 5 },
        unlisted,
      });
    const broken = await checked({ [used]: 9, [other]: 2 });
    expect(broken).toMatchObject({
      success: false,
      changes: expect.arrayContaining([
        expect.objectContaining({
          verdict: 'breaks',
          usedBy: { operations: 0, calls: 0, clients: [], unlistedCalls: 9 },
        }),
      ]),
    });
    expect(renderReport(broken, { title: 'Check' })).toContain(
      'used by operations that are not recorded (9 calls)',
    );
    expect(await checked({ [used]: 4, [other]: 9 })).toMatchObject({ success: true });
  });

  test.each([
    ['a member of a union', 'union Any = Book | Pen', 'union Any = Pen'],
    ['an interface of a type', 'type Book implements Node', 'type Book'],
  ])('breaks for %s that only operations without a document may use', async (_, before, after) => {
    const sdl = `type Query { node: Node any: Any book: Book other: Int } interface Node { id: ID }
      union Any = Book | Pen type Pen { ink: Int } type Book implements Node { id: ID }`;
    const checked = (unlisted: Readonly<Record<string, number>>) =>
      checkOf({
        before: supergraphOf(subgraph('s', sdl)),
        after: { subgraphs: [subgraph('s', sdl.replace(before, after))] },
        operations: [],
        unlisted,
      });
    expect(await checked({ 'Query.any': 3, 'Query.node': 3 })).toMatchObject({ success: false });
    expect(await checked({ 'Query.other': 3 })).toMatchObject({ success: true });
  });

  test('fails for tightened access to what only operations without a document use', async () => {
    const sdl = 'type Query { a: Int b: Int }';
    const checked = (unlisted: Readonly<Record<string, number>>) =>
      checkOf({
        before: supergraphOf(subgraph('s', sdl)),
        after: { subgraphs: [subgraph('s', sdl.replace('b: Int', 'b: Int @authenticated'))] },
        operations: [],
        unlisted,
      });
    const failed = await checked({ 'Query.b': 3 });
    expect(failed).toMatchObject({
      success: false,
      access: [{ coordinate: 'Query.b', effect: 'tightened', unlistedCalls: 3 }],
    });
    expect(renderReport(failed, { title: 'Check' })).toContain(
      'used by operations that are not recorded (3 calls)',
    );
    expect(await checked({ 'Query.a': 3 })).toMatchObject({ success: true });
  });

  test.each([
    ['a scalar that a field returns', 'scalar Date', 'Book.at', 'Book.id'],
    ['an enum that a field of an interface returns', 'enum Kind', 'Node.kind', 'Query.other'],
    ['a field that is selected on its interface', 'kind: Kind at', 'Node.kind', 'Node.id'],
    [
      'an object whose fields are selected on its interface',
      'type Book implements Node',
      'Node.id',
      'Pen.ink',
    ],
    ['an object that a field returns', 'type Book implements Node', 'Query.book', 'Query.other'],
    ['an object whose interface a field returns', 'type Book implements Node', 'Query.node', 'Query.other'],
    ['an object whose union a field returns', 'type Book implements Node', 'Query.any', 'Query.other'],
  ])('fails for tightened access to %s', async (_, element, used, other) => {
    const sdl = `type Query { node: Node any: Any book: Book pen: Pen other: Int } scalar Date enum Kind { A }
      interface Node { id: ID kind: Kind } union Any = Book | Pen type Pen { ink: Int }
      type Book implements Node { id: ID kind: Kind at: Date }`;
    const tightened = element.replace('kind: Kind', 'kind: Kind @authenticated');
    const checked = (unlisted: Readonly<Record<string, number>>) =>
      checkOf({
        before: supergraphOf(subgraph('s', sdl)),
        after: {
          subgraphs: [
            subgraph(
              's',
              sdl.replace(element, tightened === element ? `${element} @authenticated` : tightened),
            ),
          ],
        },
        operations: [],
        unlisted,
      });
    const { success, access } = await checked({ [used]: 3, [other]: 5 });
    expect(success).toBe(false);
    expect(access.map(({ unlistedCalls }) => unlistedCalls)).toContain(3);
    expect(await checked({ [other]: 5 })).toMatchObject({ success: true });
  });

  test('fails for a contract that loses what only operations without a document use', async () => {
    const sdl = 'type Query { a: Int b: Int @tag(name: "public") c: Int @tag(name: "public") }';
    const checked = (unlisted: Readonly<Record<string, number>>) =>
      checkOf({
        before: supergraphOf(subgraph('s', sdl)),
        after: { subgraphs: [subgraph('s', sdl.replace('b: Int @tag(name: "public")', 'b: Int'))] },
        operations: [],
        unlisted,
        contracts: [{ name: 'public', include: ['public'], exclude: [], hideUnreachable: false }],
      });
    expect(await checked({ 'Query.b': 3 })).toMatchObject({
      success: false,
      contracts: [{ name: 'public', success: false }],
    });
    expect(await checked({ 'Query.a': 3 })).toMatchObject({ success: true });
  });

  test('names tightened access that makes a contract fail', async () => {
    const sdl = 'type Query { a: Int b: Int @tag(name: "public") }';
    const report = await checkOf({
      before: supergraphOf(subgraph('s', sdl)),
      after: { subgraphs: [subgraph('s', sdl.replace('b: Int', 'b: Int @authenticated'))] },
      operations: [],
      unlisted: { 'Query.b': 3 },
      contracts: [{ name: 'public', include: ['public'], exclude: [], hideUnreachable: false }],
    });
    expect(report.contracts).toMatchObject([
      { success: false, access: [{ coordinate: 'Query.b', effect: 'tightened', unlistedCalls: 3 }] },
    ]);
    expect(renderReport(report, { title: 'Check' })).toContain(
      'Contract public: FAILED:\n  tightened  Query.b required nothing and requires authentication',
    );
  });

  test('breaks if it is unknown what clients send', async () => {
    const { success, changes } = await checkEdit(' old: String', '', { operations: undefined });
    expect([success, changes.map(({ verdict }) => verdict)]).toEqual([false, ['breaks']]);
  });

  test('tells which types begin or cease to be possible', async () => {
    const sdl = `type Query { media: Media any: Any } interface Media { t: Int } type A implements Media { t: Int }
      type B { t: Int } union Any = A | B`;
    const { operations, changes } = await checkOf({
      before: supergraphOf(subgraph('s', sdl)),
      after: { subgraphs: [subgraph('s', `${sdl} type C implements Media { t: Int } extend union Any = C`)] },
      operations: [{ id: 'a', body: '{ media { t } any { __typename } }' }],
    });
    expect(operations.map(({ verdict }) => verdict)).toEqual(['changes']);
    expect(
      changes
        .filter(({ verdict }) => verdict === 'changes')
        .map(({ code, coordinate }) => [code, coordinate]),
    ).toEqual(
      expect.arrayContaining([
        ['OBJECT_TYPE_INTERFACE_ADDED', 'C'],
        ['UNION_MEMBER_ADDED', 'Any'],
      ]),
    );
  });

  test('names a removed type with the operations that it breaks', async () => {
    const sdl = 'type Query { a: A b: Int } type A { n: Int }';
    const { changes } = await checkOf({
      before: supergraphOf(subgraph('s', sdl)),
      after: { subgraphs: [subgraph('s', 'type Query { b: Int }')] },
      operations: [{ id: 'a', body: '{ a { n } }' }],
    });
    expect(changes.map(({ code, verdict }) => [code, verdict])).toEqual([
      ['TYPE_REMOVED', 'breaks'],
      ['FIELD_REMOVED', 'breaks'],
    ]);
  });

  test('may concern costs, tags and subgraphs, which the API schema does not show', async () => {
    const edit = 'price: Int @cost(weight: 5) @tag(name: "public") @shareable';
    const { success, changes, operations } = await checkEdit('price: Int', edit);
    expect({ success, verdicts: operations.map(({ verdict }) => verdict) }).toEqual({
      success: true,
      verdicts: ['safe'],
    });
    expect(changes.map(({ code, coordinate, verdict }) => [code, coordinate, verdict])).toEqual([
      ['COST_CHANGED', 'Product.price', 'safe'],
      ['TAG_ADDED', 'Product.price', 'safe'],
    ]);
  });

  test('names the subgraphs of a field that moves', async () => {
    const prices = (field: string) =>
      subgraph('prices', `type Product @key(fields: "id") { id: ID! ${field} }`);
    const { changes, operations } = await checkOf({
      before: supergraphOf(subgraph('products', SHOP), prices('tax: Int')),
      after: {
        subgraphs: [subgraph('products', SHOP), prices('tax: Int price: Int @override(from: "products")')],
      },
      operations: [{ id: 'a', body: '{ product { price } }' }],
    });
    expect(operations.map(({ verdict }) => verdict)).toEqual(['safe']);
    expect(changes).toEqual([
      expect.objectContaining({
        code: 'FIELD_SUBGRAPH_CHANGED',
        message: 'Product.price is resolved by prices, and was resolved by products',
        usedBy: { operations: 1, calls: 0, clients: [] },
      }),
    ]);
  });
});

describe('access in the report', () => {
  test('fails the check if it is required for a field that is used', async () => {
    const { success, access, operations } = await checkEdit(
      'name: String!',
      'name: String! @requiresScopes(scopes: [["names"]])',
    );
    expect(success).toBe(false);
    expect(operations.map(({ verdict }) => verdict)).toEqual(['changes']);
    expect(access).toEqual([
      {
        coordinate: 'Product.name',
        effect: 'tightened',
        message: 'Product.name required nothing and requires the scope names',
        operations: ['names'],
      },
    ]);
  });

  test('does not fail it for a field that nobody uses', async () => {
    const { success, access } = await checkEdit('old: String', 'old: String @authenticated');
    expect([success, access.map(({ operations }) => operations)]).toEqual([true, [[]]]);
  });
});

describe('composition in the report', () => {
  test('includes queries that the subgraphs cannot resolve', async () => {
    const keyless = subgraph('prices', 'type Product { id: ID! @shareable tax: Int }');
    const { success, composition } = await checkOf({
      after: { subgraphs: [subgraph('products', SHOP.replace('id: ID!', 'id: ID! @shareable')), keyless] },
    });
    expect([success, composition.errors.map(({ code }) => code)]).toEqual([false, ['SATISFIABILITY_ERROR']]);
  });
});

describe('a contract in the report', () => {
  const TAGGED = SHOP.replace('name: String!', 'name: String! @tag(name: "public")')
    .replace('product: Product', 'product: Product @tag(name: "public")')
    .replace('old: String', 'old: String @tag(name: "internal")');
  const before = supergraphOf(subgraph('products', TAGGED));
  const after = (edit: readonly [string, string]) => ({
    subgraphs: [subgraph('products', TAGGED.replace(...edit))],
  });
  const rules = { include: ['public'], exclude: [], hideUnreachable: true };
  const PRICES = { id: 'prices', body: '{ product { price } }' };

  test('breaks for its operations if a tag is removed, and the whole graph does not', async () => {
    const report = await checkOf({
      before,
      after: after(['name: String! @tag(name: "public")', 'name: String!  price2: Int @tag(name: "public")']),
      operations: [NAMES, PRICES],
      contracts: [{ name: 'partner', ...rules }],
    });
    expect(report.operations.map(({ verdict }) => verdict)).toEqual(['safe', 'safe']);
    const [contract] = report.contracts;
    expect([report.success, contract?.success]).toEqual([false, false]);
    expect(contract?.operations.map(({ id, verdict }) => [id, verdict])).toEqual([['names', 'breaks']]);
    expect(contract?.changes).toContainEqual(
      expect.objectContaining({ code: 'FIELD_REMOVED', coordinate: 'Product.name', verdict: 'breaks' }),
    );
  });

  test('is not concerned by changes of what it hides', async () => {
    const report = await checkOf({
      before,
      after: after(['old: String @tag(name: "internal")', 'older: String @tag(name: "internal")']),
      operations: [NAMES],
      contracts: [{ name: 'partner', include: [], exclude: ['internal'], hideUnreachable: false }],
    });
    expect(report.contracts).toEqual([
      {
        name: 'partner',
        success: true,
        composition: { errors: [], hints: [] },
        operations: [expect.objectContaining({ id: 'names', verdict: 'safe' })],
        changes: [],
        access: [],
      },
    ]);
  });

  test('fails if it has no valid schema after the change', async () => {
    const report = await checkOf({
      before,
      after: after([' @tag(name: "internal")', '']),
      operations: [NAMES],
      contracts: [{ name: 'partner', include: [], exclude: ['internal'], hideUnreachable: false }],
    });
    expect([report.success, report.contracts[0]?.success]).toEqual([false, false]);
    expect(report.contracts[0]?.composition.errors).toEqual([
      {
        code: 'CONTRACT_INVALID',
        message: 'the supergraph has no tag internal; its tags are public',
      },
    ]);
  });

  test('that is new or changes its rules is compared with the rules that are served', async () => {
    const unchanged = { before, after: { supergraphSdl: before }, operations: [NAMES] };
    const hidden = { name: 'partner', include: [], exclude: ['public'], hideUnreachable: false };
    const results = await Promise.all(
      [null, { include: [], exclude: [], hideUnreachable: false }].map((rulesBefore) =>
        checkOf({
          ...unchanged,
          after: {
            supergraphSdl: supergraphOf(subgraph('products', `${TAGGED} extend type Query { n: Int }`)),
          },
          contracts: [{ ...hidden, before: rulesBefore }],
        }),
      ),
    );
    expect(
      results.map(({ contracts: [contract] }) => contract?.operations.map(({ verdict }) => verdict)),
    ).toEqual([[], ['breaks']]);
  });
});
