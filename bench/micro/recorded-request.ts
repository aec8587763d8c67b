import type { RequestFinished } from '../../router/request/finished-work.ts';
import { RequestRecorder } from '../../router/request/request-recorder.ts';
import { UNTRACED_REQUEST } from '../../router/request/request-span.ts';

export const SUBGRAPHS = ['user', 'order', 'product', 'inventory', 'shipping'];

/** Returns a sampled request whose five fetches depend on each other in a row. */
export function finishedRequest(): RequestFinished {
  let clock = 0;
  const recorder = new RequestRecorder('4a4f912f-f527-470d-b0e1-4281c4e86a2c', () => (clock += 1.7));
  recorder.note({
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    spanId: '00f067aa0ba902b7',
    method: 'POST',
    path: '/graphql',
    clientAddress: '192.0.2.7',
    userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36',
    clientName: 'web',
    clientVersion: '3.1',
    operationName: 'OrderPage',
    operationType: 'query',
    operationHash: () => '3f1c9a0b77d2e415',
    isCached: true,
    actualCost: 12,
    rateLimitRemaining: 972,
    generation: '659decbcc07f',
  });
  recorder.traced({ ...UNTRACED_REQUEST, traceId: '4bf92f3577b34da6a3ce929d0e0e4736', isSampled: true });
  recorder.stage('execute');
  const execution = recorder.beginExecution(SUBGRAPHS.map((_, index) => (index === 0 ? [] : [index - 1])));
  for (const [index, service] of SUBGRAPHS.entries()) {
    const record = execution.beginFetch({ index, service, path: [], operation: 'query' });
    record.dispatched((clock += 0.1), 300);
    record.connected((clock += 0.1));
    record.responded((clock += 4.3), 200);
    record.attemptEnded(900, () => (clock += 0.4));
    record.ended((clock += 0.1), 'OK');
    execution.merged(record);
  }
  recorder.stage('respond');
  recorder.finish();
  const { requestId, totalMs: ms } = recorder;
  return { requestId, method: 'POST', status: 200, ms, bytes: 665, cost: 28, recorder };
}

/** Prints the microseconds of CPU that `run` takes, as the mean of many runs. */
export function measure(name: string, runs: number, run: () => unknown): void {
  for (let index = 0; index < runs / 10; index += 1) run();
  const before = process.cpuUsage();
  for (let index = 0; index < runs; index += 1) run();
  const { user, system } = process.cpuUsage(before);
  console.log(`${name}: ${((user + system) / runs).toFixed(2)} µs`);
}
