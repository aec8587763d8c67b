import { describe, expect, test } from 'vitest';
import type { CheckReport, OperationResult } from '../../checks/report.ts';
import { coordinatePosition } from '../../checks/coordinate-position.ts';
import { fieldPathAt } from '../../checks/operations/field-path.ts';
import { renderDifferences } from '../../cli/checks/render-changes.ts';
import { renderReport } from '../../cli/checks/render-report.ts';
import { reportAnnotations } from '../../cli/checks/report-annotations.ts';
import { reportData } from '../../cli/checks/report-data.ts';
import { reportSummary } from '../../cli/checks/report-summary.ts';

const SDL = `type Query { product: Product }

type Product {
  "Shown to clients."
  title: String
  price(currency: String): Int
}
`;

const operation = (name: string, verdict: OperationResult['verdict']): OperationResult => ({
  id: `${name}-0123456789abcdef`,
  name,
  client: null,
  clients: [],
  calls: null,
  lastSeen: null,
  verdict,
  reasons: [],
  plan: null,
});

const REPORT: CheckReport = {
  success: false,
  composition: {
    errors: [],
    hints: [
      { code: 'UNUSED_ENUM_TYPE', message: 'Size is unused.', subgraph: 'products', line: 4, column: 1 },
    ],
  },
  operations: [
    {
      ...operation('OrderPage', 'breaks'),
      client: 'web',
      clients: [
        { name: 'web', version: '2.1.0', calls: 1234 },
        { name: 'ios', version: null, calls: 1 },
      ],
      calls: 1235,
      lastSeen: '2026-11-27T11:02:33.000Z',
      reasons: [
        {
          verdict: 'breaks',
          coordinate: 'Product.name',
          code: 'OPERATION_INVALID',
          message: 'Cannot query field "name" on type "Product".',
          line: 3,
          column: 15,
          source: '    product { name }',
        },
      ],
    },
    {
      ...operation('Search', 'safe'),
      plan: {
        callsBefore: 3,
        callsAfter: 5,
        costBefore: 12,
        costAfter: 12,
        depthBefore: 2,
        depthAfter: 3,
        subgraphsBefore: ['products'],
        subgraphsAfter: ['inventory', 'products'],
        callChanges: { inventory: 2 },
      },
    },
  ],
  changes: [
    {
      code: 'FIELD_REMOVED',
      coordinate: 'Product.weight',
      message: "Field 'weight' was removed from object type 'Product'",
      criticality: 'breaking',
      verdict: 'safe',
      usedBy: { operations: 0, calls: 0, clients: [] },
    },
    {
      code: 'FIELD_REMOVED',
      coordinate: 'Product.name',
      message: "Field 'name' was removed from object type 'Product'",
      criticality: 'breaking',
      verdict: 'breaks',
      usedBy: { operations: 1, calls: 1235, clients: ['web', 'ios'] },
    },
  ],
  access: [
    {
      coordinate: 'Product.price',
      effect: 'tightened',
      message: '@requiresScopes(scopes: [["price"]]) was added',
      operations: ['OrderPage-0123456789abcdef'],
    },
  ],
  lint: [
    {
      code: 'LIST_SIZE_MISSING',
      message: 'has no @listSize',
      severity: 'warning',
      coordinate: 'Product.price',
      isNew: true,
    },
    { code: 'TYPE_NAME_CASE', message: 'known', severity: 'error', coordinate: 'old', isNew: false },
  ],
  contracts: [
    { name: 'partner', success: true, composition: { errors: [], hints: [] }, operations: [], changes: [] },
  ],
  evidence: {
    operations: 2,
    calls: 1240,
    sinceDays: 7,
    leftOut: { belowCalls: 3, excludedClients: 0, notSeen: 0 },
  },
};

test('a failed check names who breaks, what gets slower, who loses access, and what to do', () => {
  expect(
    renderReport(REPORT, { title: 'Check of products', file: 'p.graphql', next: ['See the docs.'] }),
  ).toBe(
    `Check of products: FAILED

Composition: passed, 1 hint:
  hint  UNUSED_ENUM_TYPE  p.graphql:4:1: Size is unused.

Operations: 1 BREAKS, 1 is safe (1,240 calls in the last 7 days); left out: 3 with too few calls

  BREAKS  OrderPage: web 2.1.0 (1,234 calls), ios (1 call); 1,235 calls in all; last seen 2026-11-27 11:02 UTC
    line 3:15: Cannot query field "name" on type "Product". (Product.name)
      | product { name }
      |           ^

Speed: 1 operation takes more
  Search makes 2 calls more, through inventory; 3 instead of 2 calls wait for each other.

Access:
  tightened  Product.price: @requiresScopes(scopes: [["price"]]) was added
    selected by 1 operation: OrderPage

Schema changes: 1 breaking, 1 safe
  BREAKS   FIELD_REMOVED  Field 'name' was removed from object type 'Product'; used by 1 operation, 1,235 calls, web, ios
  safe     FIELD_REMOVED  Field 'weight' was removed from object type 'Product'; used by none of 2 operations (1,240 calls) of the last 7 days

Contract partner: passed

Lint: 1 new finding, and 1 that the graph has already:
  warning  LIST_SIZE_MISSING  Product.price: has no @listSize

What to do:
  Keep what the operations above use and mark it @deprecated(reason: …). Add the new field beside it,
  and remove the old one when its clients have moved.
  Let clients send the required scopes before the field requires them.
  See the docs.
`,
  );
});

test('a report ends with its page in the console', () => {
  const page = 'https://router.example/console#/publish/checks/1';
  expect(renderReport(REPORT, { title: 'Check', page })).toMatch(
    /requires them\.\n\nIn the console: https:\/\/router\.example\/console#\/publish\/checks\/1\n$/,
  );
});

test('a summary in Markdown has the operations that break before the text of the report', () => {
  const page = 'https://router.example/console#/publish/checks/1';
  const [first, ...others] = REPORT.operations;
  const hostile = [{ name: '</details>\n| x |', version: null, calls: 1 }];
  const operations = first === undefined ? [] : [{ ...first, clients: hostile, lastSeen: null }, ...others];
  const summary = reportSummary({ ...REPORT, operations }, { title: 'Check of products', page });
  expect(summary).toContain(`## Check of products: failed

[Report in the console](<${page}>)

| Operation that breaks | Clients | Reason |
| --- | --- | --- |
| OrderPage | \\<\\/details\\> \\| x \\| \\(1 call\\) | Cannot query field \\"name\\" on type \\"Product\\"\\. |

<details open><summary>Report</summary>

\`\`\`text
Check of products: FAILED
`);
  expect(summary).toMatch(/requires them\.\n```\n\n<\/details>\n\n$/);
  const passed = reportSummary({ ...REPORT, success: true, operations: [] }, { title: 'Check' });
  expect(passed).toMatch(/^## Check: passed\n\n<details><summary>Report<\/summary>\n\n```text\n/);
});

test('a reason in a line with one field shows the fields that lead there', () => {
  const [first] = REPORT.operations;
  const reason = {
    verdict: 'breaks' as const,
    coordinate: 'Product.name',
    code: 'FIELD_REMOVED',
    message: 'Product.name was removed',
    line: 3,
    column: 5,
    source: '    name',
    path: 'products.name',
  };
  const operations =
    first === undefined ? [] : [{ ...first, calls: null, lastSeen: null, reasons: [reason] }];
  const manifest = operations.map((one) => ({
    ...one,
    clients: [{ name: 'web', version: null, calls: null }],
  }));
  expect(renderReport({ ...REPORT, operations: manifest }, { title: 'Check' })).toContain(
    '  BREAKS  OrderPage: web; in a manifest, no calls are counted\n    products.name: Product.name was removed\n\n',
  );
});

test('the path of a field leads through fields, fragments and aliases', () => {
  const body = 'query Q {\n  all: products {\n    ... on Product {\n      name\n    }\n  }\n}';
  expect(fieldPathAt(body, 4, 7)).toBe('products.name');
  expect(fieldPathAt(body, 3, 5)).toBeUndefined();
});

test('the differences of two schemas say what is breaking, without evidence of use', () => {
  const added = {
    code: 'FIELD_ADDED',
    coordinate: 'Product.title',
    message: "Field 'title' was added",
    criticality: 'safe' as const,
    verdict: 'safe' as const,
    usedBy: { operations: 0, calls: 0, clients: [] },
  };
  expect(renderDifferences([added, ...REPORT.changes.slice(0, 1)])).toBe(
    `Schema changes: 1 breaking, 1 safe (for an operation that uses the element)
  BREAKING   FIELD_REMOVED  Field 'weight' was removed from object type 'Product'
  safe       FIELD_ADDED  Field 'title' was added`,
  );
});

test('an annotation of a removed field points to the subgraph that defined it', () => {
  const other = { file: 'order.graphql', sdl: 'type Product @key(fields: "id") { id: ID! }' };
  const owner = { file: 'p.graphql', sdl: SDL, defined: (name: string) => name === 'Product.name' };
  const schemas = [{ ...other, defined: () => false }, owner];
  const named = reportAnnotations(REPORT, schemas).filter(({ title }) => title === 'Breaks OrderPage');
  expect(named).toEqual([expect.objectContaining({ file: 'p.graphql', line: 3, column: 6 })]);
});

test('the excerpt of a long line is the part around its column', () => {
  const source = `query Long { ${'a '.repeat(200)} name }`;
  const [first] = REPORT.operations;
  const reasons = [
    {
      verdict: 'breaks' as const,
      coordinate: null,
      code: 'OPERATION_INVALID',
      message: 'm',
      line: 1,
      column: source.indexOf('name') + 1,
      source,
    },
  ];
  const operations = first === undefined ? [] : [{ ...first, reasons }];
  expect(renderReport({ ...REPORT, operations }, { title: 'Check' })).toContain(
    `line 1:415: m\n      | ${'a '.repeat(24)} name }\n      | ${' '.repeat(49)}^\n`,
  );
});

test('a schema that does not compose is reported without the rest', () => {
  const composition = {
    errors: [{ code: 'INVALID_GRAPHQL', message: 'Syntax Error.', subgraph: 'products', line: 2, column: 7 }],
    hints: [],
  };
  const failed = { ...REPORT, composition, operations: [], changes: [], access: [], lint: [], contracts: [] };
  expect(renderReport(failed, { title: 'Check of products' })).toBe(`Check of products: FAILED

Composition: FAILED, 1 error:
  error  INVALID_GRAPHQL  products:2:7: Syntax Error.

What to do:
  Correct the errors above. The version that is served is not affected.
`);
});

test('annotations point to the line of the coordinate, or of the type of a removed field', () => {
  expect(reportAnnotations(REPORT, { file: 'p.graphql', sdl: SDL })).toEqual([
    {
      level: 'notice',
      title: 'UNUSED_ENUM_TYPE',
      message: 'Size is unused.',
      file: 'p.graphql',
      line: 4,
      column: 1,
    },
    {
      level: 'error',
      title: 'Breaks OrderPage',
      message: expect.stringMatching(
        /^OrderPage: web 2\.1\.0 .*\nCannot query field "name" on type "Product"\.$/,
      ),
      file: 'p.graphql',
      line: 3,
      column: 6,
    },
    expect.objectContaining({
      title: 'Access to Product.price',
      message: expect.stringMatching(/\nSelected by 1 operation: OrderPage$/),
      line: 6,
      column: 3,
    }),
    expect.objectContaining({ level: 'warning', title: 'LIST_SIZE_MISSING', line: 6, column: 3 }),
  ]);
});

test('findings of another subgraph do not point to the file of the checked one', () => {
  const finding = {
    code: 'FIELD_TYPE_MISMATCH',
    message: 'differs',
    subgraph: 'reviews',
    line: 9,
    column: 1,
  };
  const failed = { ...REPORT, composition: { errors: [finding], hints: [] } };
  const schema = { file: 'p.graphql', sdl: SDL, subgraph: 'products' };
  expect(renderReport(failed, { title: 'Check', ...schema })).toContain(
    'FIELD_TYPE_MISMATCH  reviews:9:1: differs',
  );
  expect(reportAnnotations(failed, schema)[0]).toMatchObject({ file: undefined, line: 9 });
});

describe('the position of a coordinate', () => {
  test.each([
    ['Product.title', { line: 5, column: 3 }],
    ['Product.price(currency:)', { line: 6, column: 3 }],
    ['Product', { line: 3, column: 6 }],
    ['Absent.field', undefined],
    [undefined, undefined],
  ])('%s', (coordinate, position) => {
    const found = coordinatePosition(SDL, coordinate);
    expect(found && { line: found.line, column: found.column }).toEqual(position);
  });

  test('is unknown in a document with a syntax error', () => {
    expect(coordinatePosition('type {', 'Product')).toBeUndefined();
  });
});

test('the JSON of a check has the members of rover beside its own', () => {
  expect(reportData(REPORT)).toMatchObject({
    operations: REPORT.operations,
    tasks: {
      operations: {
        task_status: 'FAILED',
        operation_check_count: 2,
        changes: [
          { code: 'FIELD_REMOVED', severity: 'PASS', description: expect.any(String) },
          { severity: 'FAIL' },
        ],
        failure_count: 1,
      },
      lint: { task_status: 'PASSED', errors_count: 0, warnings_count: 1 },
    },
  });
});

test('annotates what only operations that are not recorded use', () => {
  const [change, access] = [REPORT.changes[0], REPORT.access[0]];
  if (change === undefined || access === undefined) throw new Error('the report has neither');
  const report = {
    ...REPORT,
    composition: { errors: [], hints: [] },
    operations: [],
    changes: [{ ...change, verdict: 'breaks' as const, usedBy: { ...change.usedBy, unlistedCalls: 9 } }],
    access: [{ ...access, operations: [], unlistedCalls: 1 }],
    lint: [],
  };
  expect(reportAnnotations(report, { file: undefined, sdl: undefined })).toEqual([
    {
      level: 'error',
      title: 'FIELD_REMOVED',
      message: `${change.message}\nUsed by operations that are not recorded (9 calls)`,
    },
    {
      level: 'error',
      title: 'Access to Product.price',
      message: `${access.message}\nUsed by operations that are not recorded (1 call)`,
    },
  ]);
});
