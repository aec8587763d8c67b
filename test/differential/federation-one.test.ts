import { describe, expect, test } from 'vitest';
import { FEDERATION_ONE, federationOneSupergraph } from '../support/graphs/federation-one-graph.ts';
import { caseCount } from '../support/runs/case-count.ts';
import { faultsOf, variationsOn } from './cases.ts';
import { createGraph } from './graph.ts';

const OPERATIONS = caseCount(60, 400);

const URLS = { a: 'http://a.test/', b: 'http://b.test/', c: 'http://c.test/' };

describe('subgraphs of Federation 1', () => {
  test.each([
    ['as Federation 2 composes them', undefined],
    ['in a supergraph that Federation 1 composed', federationOneSupergraph(URLS)],
  ])('%s, have the response of one schema', async (_, supergraphSdl) => {
    const graph = createGraph('federation one', FEDERATION_ONE, supergraphSdl);
    if (graph === undefined) throw new Error('the subgraphs do not compose');
    let count = 0;
    for (const { cases } of variationsOn(graph, OPERATIONS)) {
      for (const next of cases) {
        count += 1;
        expect({ document: next.operation.document, faults: await faultsOf(graph, next) }).toMatchObject({
          faults: [],
        });
      }
    }
    expect(count).toBeGreaterThan(OPERATIONS);
  });
});
