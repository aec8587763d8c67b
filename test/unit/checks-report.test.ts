import { describe, expect, test } from 'vitest';
import { check } from '../../checks/check.ts';
import type { CheckRequest } from '../../checks/check.ts';
import type { RecordedOperation } from '../../checks/recorded-operation.ts';
import { compose } from '../../router/supergraph/compose.ts';

/** The report of a check: composition, operations, and the settings that leave operations out. */

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key", "@shareable"])`;

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
    { now: () => NOW },
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
});
