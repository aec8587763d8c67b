import { expect, test } from 'vitest';
import type { RequestTrace } from '../../router/request/request-trace.ts';
import { startSmallGraph } from '../support/graphs/small-graph.ts';

const CLIENTS = 60;

test('of many requests at once some wait for the others, as their traces say, and all get their data', async () => {
  await using graph = await startSmallGraph({
    services: {
      only: {
        sdl: 'type Query { value(n: Int): Int }',
        resolvers: { Query: { value: (_: unknown, { n }: { n: number }) => n } },
      },
    },
  });

  async function ask(n: number): Promise<{ readonly data: unknown; readonly hasWaited: boolean }> {
    const response = await graph.post(
      { query: 'query ($n: Int) { value(n: $n) }', variables: { n } },
      { 'tributary-trace': 'true' },
    );
    const { data, extensions } = (await response.json()) as {
      data: unknown;
      extensions: { trace: RequestTrace };
    };
    return { data, hasWaited: extensions.trace.stages.some(({ name }) => name === 'queue') };
  }

  const askAtOnce = () => Promise.all(Array.from({ length: CLIENTS }, (_, n) => ask(n)));
  // Opens a connection for each client.
  await askAtOnce();
  const responses = await askAtOnce();
  expect(responses.map(({ data }) => data)).toEqual(
    Array.from({ length: CLIENTS }, (_, value) => ({ value })),
  );
  expect(responses.filter(({ hasWaited }) => hasWaited).length).toBeGreaterThan(0);
  expect((await ask(0)).hasWaited).toBe(false);
});
