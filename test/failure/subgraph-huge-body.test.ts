import { fork } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { recordMeasurement } from '../support/runs/measurement.ts';
import { poolOf } from '../support/subgraphs/subgraph-pool.ts';

const BODY_BYTES = 300_000_000;

it('reads a response of 300 MB only up to the limit', async (context) => {
  // The subgraph runs in a process of its own, so that the measured memory is the router's.
  const subgraph = fork(new URL('../support/subgraphs/flooding-subgraph.ts', import.meta.url), [
    String(BODY_BYTES),
  ]);
  const [url] = (await once(subgraph, 'message')) as [string];
  const ended = once(subgraph, 'message');
  await using one = poolOf([url], { timeoutMs: 20_000 });
  await using peak = watchMemory();
  expect(await one.fail()).toMatchObject({ code: 'SUBGRAPH_RESPONSE_TOO_LARGE' });
  recordMeasurement(
    context,
    'MB of memory added by a subgraph body of 300 MB',
    (peak.added() / 1e6).toFixed(1),
  );
  const [sentBytes] = (await ended) as [number];
  recordMeasurement(context, 'MB sent of a subgraph body of 300 MB', (sentBytes / 1e6).toFixed(1));
  // The limit is 10 MiB. The buffers of the kernel, on both sides, hold the rest.
  expect(sentBytes).toBeLessThan(30e6);
  // The measured memory includes garbage, and everything else that this process does.
  expect(peak.added()).toBeLessThan(100e6);
  subgraph.kill();
  await once(subgraph, 'exit');
});

function watchMemory() {
  const before = process.memoryUsage.rss();
  let highest = before;
  const timer = setInterval(() => (highest = Math.max(highest, process.memoryUsage.rss())), 1);
  return {
    added: () => Math.max(highest, process.memoryUsage.rss()) - before,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
    },
  };
}
