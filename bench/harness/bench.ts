import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createIssuer } from '../contestants/issuer.ts';
import type { Contestant, RunningContestant, Stage } from '../contestants/contestant.ts';
import { composeSupergraph, createReference } from '../graph/supergraph.ts';
import { SUBGRAPHS } from '../graph/subgraphs.ts';
import type { Subgraph } from '../graph/subgraphs.ts';
import type { Exchange } from '../load/closed-loop.ts';
import type { LoadMethods, Measured } from '../load/load.ts';
import type { ReplayMethods } from '../subgraphs/replay.ts';
import { toRow } from '../report/row.ts';
import type { DetailedRow } from '../report/row.ts';
import type { Workload } from '../workloads/workload.ts';
import { assertSameAnswer, sendOnce } from './check.ts';
import { startProgram } from './program.ts';
import { connectRemote } from './remote.ts';
import type { Remote } from './remote.ts';

const bench = join(import.meta.dirname, '..');
export const outFolder = join(bench, 'out');

export type Interval = {
  readonly connections: number;
  readonly settleMs: number;
  readonly measureMs: number;
  /** How long either may take where answers are slow to come. Default: no longer than they have to. */
  readonly longestMs?: number;
  /** Whether the gateway is asked nothing after it, so that nobody has to wait for its last answers. */
  readonly isLast?: boolean;
};

/** The subgraphs, the load and what is needed to start contestants. */
export type Bench = AsyncDisposable & {
  readonly stage: Stage;
  readonly subgraphs: Remote<ReplayMethods>;
  /**
   * Asks the questions and compares the answers with the reference.
   * @throws {Error} that says what is wrong with them
   */
  readonly check: (gateway: RunningContestant, workload: Workload) => Promise<readonly Exchange[]>;
  /** @throws {Error} when an answer in the interval was not the expected one */
  readonly run: (
    gateway: RunningContestant,
    exchanges: readonly Exchange[],
    interval: Interval,
  ) => Promise<Measured>;
  /** A run with the row for it. */
  readonly measure: (
    of: {
      readonly workload: Workload;
      readonly contestant: Contestant;
      readonly gateway: RunningContestant;
      readonly exchanges: readonly Exchange[];
    },
    interval: Interval,
  ) => Promise<DetailedRow>;
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
  const stage = { ...(await setStage(folder, logFile, subgraphs)), nodeFlags };
  const reference = createReference(stage.supergraphSdl);
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
    stage,
    subgraphs,
    run,
    async check(gateway, { questions, delaysMs = {} }) {
      await subgraphs.call('setDelays', delaysMs);
      const exchanges: Exchange[] = [];
      for (const [index, question] of questions.entries()) {
        const callers = gateway.requestsFor(question);
        // One question is asked by everybody, many are dealt out: a thousand of each would take minutes.
        const requests = questions.length === 1 ? callers : [callers[index % callers.length] ?? ''];
        exchanges.push(...(await ask(gateway, requests, await reference(question))));
      }
      return exchanges;
    },
    async measure({ workload, contestant, gateway, exchanges }, interval) {
      const before = await subgraphs.call('stats');
      const measured = await run(gateway, exchanges, interval);
      const after = await subgraphs.call('stats');
      if (measured.answers === 0) throw new Error(`no answer within ${measured.seconds.toFixed(1)} s`);
      return toRow({
        workload: workload.name,
        contestant: contestant.name,
        connections: interval.connections,
        measured,
        calls: after.calls - before.calls,
        recorded: after.recorded - before.recorded,
        bytes: Buffer.byteLength(exchanges[0]?.expected ?? ''),
      });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function setStage(
  folder: string,
  logFile: Stage['logFile'],
  subgraphs: Remote<ReplayMethods>,
): Promise<Omit<Stage, 'nodeFlags'>> {
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

async function ask(
  gateway: RunningContestant,
  requests: readonly string[],
  right: unknown,
): Promise<readonly Exchange[]> {
  const exchanges: Exchange[] = [];
  for (const request of requests) {
    const expected = await sendOnce(gateway.port, request);
    assertSameAnswer(expected, right);
    exchanges.push({ request, expected });
  }
  return exchanges;
}
