import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createIssuer } from '../targets/issuer.ts';
import type { Target, RunningTarget, BenchEnvironment } from '../targets/target.ts';
import { composeSupergraph, createReference } from '../graph/supergraph.ts';
import { SUBGRAPHS } from '../graph/subgraphs.ts';
import type { Subgraph } from '../graph/subgraphs.ts';
import type { Exchange } from '../load/closed-loop.ts';
import type { LoadMethods, Measured } from '../load/load.ts';
import type { ReplayMethods } from '../subgraphs/replay.ts';
import { toRow } from '../report/row.ts';
import type { Row } from '../report/row.ts';
import type { Workload } from '../workloads/workload.ts';
import { assertSameResponse, sendOnce } from './check.ts';
import { startProgram } from './program.ts';
import { connectRemote } from './remote.ts';
import type { Remote } from './remote.ts';

const bench = join(import.meta.dirname, '..');
export const outFolder = join(bench, 'out');

export type Interval = {
  readonly connections: number;
  readonly settleMs: number;
  readonly measureMs: number;
  /** Maximum duration of either phase if responses are slow. Default: no extension. */
  readonly longestMs?: number;
  /**
   * Whether the gateway receives no more requests afterwards, so that its last responses need not be awaited.
   */
  readonly isLast?: boolean;
};

/** The subgraphs, the load and the environment of the targets. */
export type Bench = AsyncDisposable & {
  readonly environment: BenchEnvironment;
  readonly subgraphs: Remote<ReplayMethods>;
  /**
   * Sends the operations and compares the responses with the reference.
   * @throws {Error} that describes the first difference
   */
  readonly check: (gateway: RunningTarget, workload: Workload) => Promise<readonly Exchange[]>;
  /** @throws {Error} if a response in the interval was not the expected one */
  readonly run: (
    gateway: RunningTarget,
    exchanges: readonly Exchange[],
    interval: Interval,
  ) => Promise<Measured>;
  /** Runs the load and returns a row of results. */
  readonly measure: (
    of: {
      readonly workload: Workload;
      readonly target: Target;
      readonly gateway: RunningTarget;
      readonly exchanges: readonly Exchange[];
    },
    interval: Interval,
  ) => Promise<Row>;
};

export async function openBench(nodeFlags: readonly string[] = []): Promise<Bench> {
  await using stack = new AsyncDisposableStack();
  const folder = join(outFolder, 'run');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const logFile = (name: string) => join(folder, `${name}.log`);

  const fork = (name: string, file: string) => {
    const command = [process.execPath, join(bench, file)] as const;
    return stack.use(startProgram({ command, core: 'load', logFile: logFile(name), ipc: true })).child;
  };
  const subgraphs = connectRemote<ReplayMethods>(fork('subgraphs', 'subgraphs/replay.ts'));
  const load = connectRemote<LoadMethods>(fork('load', 'load/load.ts'));
  const environment = { ...(await createEnvironment(folder, logFile, subgraphs)), nodeFlags };
  const reference = createReference(environment.supergraphSdl);
  const owned = stack.move();

  const run: Bench['run'] = (gateway, exchanges, interval) =>
    load.call('run', {
      ...interval,
      exchanges,
      port: gateway.port,
      gatewayPid: gateway.pid,
      subgraphsPid: subgraphs.pid,
    });

  return {
    environment,
    subgraphs,
    run,
    async check(gateway, { operations, delaysMs = {} }) {
      await subgraphs.call('setDelays', delaysMs);
      const exchanges: Exchange[] = [];
      for (const [index, operation] of operations.entries()) {
        const callers = gateway.requestsFor(operation);
        // Every caller sends a single operation. Many operations are distributed over the callers, to limit
        // the checks.
        const requests = operations.length === 1 ? callers : [callers[index % callers.length] ?? ''];
        exchanges.push(...(await exchange(gateway, requests, await reference(operation))));
      }
      return exchanges;
    },
    async measure({ workload, target, gateway, exchanges }, interval) {
      const before = await subgraphs.call('stats');
      const commandsBefore = await gateway.redisCommands?.();
      const measured = await run(gateway, exchanges, interval);
      const after = await subgraphs.call('stats');
      const commandsAfter = await gateway.redisCommands?.();
      if (measured.responses === 0) throw new Error(`no response within ${measured.seconds.toFixed(1)} s`);
      return toRow({
        workload: workload.name,
        target: target.name,
        connections: interval.connections,
        measured,
        calls: after.calls - before.calls,
        recorded: after.recorded - before.recorded,
        redisCommands: commandsAfter && commandsAfter - (commandsBefore ?? 0),
        bytes: Buffer.byteLength(exchanges[0]?.expected ?? ''),
      });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function createEnvironment(
  folder: string,
  logFile: BenchEnvironment['logFile'],
  subgraphs: Remote<ReplayMethods>,
): Promise<Omit<BenchEnvironment, 'nodeFlags'>> {
  const ports = await subgraphs.call('listen');
  const urls = Object.fromEntries(
    SUBGRAPHS.map((name) => [name, `http://127.0.0.1:${ports[name]}/graphql`]),
  ) as Record<Subgraph, string>;
  const { issuer, documents } = await createIssuer(new URL(urls.user).origin);
  await subgraphs.call('setDocuments', documents);
  const supergraphSdl = composeSupergraph(urls);
  const supergraphFile = join(folder, 'supergraph.graphql');
  writeFileSync(supergraphFile, supergraphSdl);
  return { urls, supergraphSdl, supergraphFile, folder, logFile, issuer };
}

async function exchange(
  gateway: RunningTarget,
  requests: readonly string[],
  reference: unknown,
): Promise<readonly Exchange[]> {
  const exchanges: Exchange[] = [];
  for (const request of requests) {
    const expected = await sendOnce(gateway.port, request);
    assertSameResponse(expected, reference);
    exchanges.push({ request, expected });
  }
  return exchanges;
}
