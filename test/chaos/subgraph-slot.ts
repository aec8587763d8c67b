import { startSubgraphProcess } from '../support/subgraphs/subgraph-process.ts';
import type { SubgraphProcess } from '../support/subgraphs/subgraph-process.ts';
import type { SubgraphName } from './faults.ts';
import type { History } from './history.ts';
import { linkTo } from './links.ts';
import type { SubgraphLink } from './links.ts';

/** A slot for one subgraph: its links stay the same when its process is replaced. */
export type SubgraphSlot = AsyncDisposable & {
  readonly link: SubgraphLink;
  /** Port of the current process. */
  readonly port: () => number;
  readonly start: (env: Readonly<Record<string, string>>) => Promise<void>;
  readonly restart: () => Promise<void>;
  readonly kill: () => Promise<void>;
};

// No process listens there, as on the port of a process that has exited.
const NOWHERE = 1;

const MOST_WORDS = 2_000;

/** Receives a line in `crashes` for each process that exits by itself. */
export async function createSubgraphSlot(
  name: SubgraphName,
  { sightings, crashes }: Pick<History, 'sightings' | 'crashes'>,
): Promise<SubgraphSlot> {
  let running: SubgraphProcess | undefined;
  let settings: Readonly<Record<string, string>> = {};
  const ended = (words: string) => crashes.push(`${name} ended by itself: ${words.slice(0, MOST_WORDS)}`);
  const port = () => running?.port ?? NOWHERE;
  const link = await linkTo(name, () => ({ host: '127.0.0.1', port: port() }), sightings);
  const restart = async () => {
    const started = await startSubgraphProcess(name, settings);
    running = started;
    void started.ended.then((words) => running === started && ended(words));
  };
  const kill = async () => {
    const ending = running;
    running = undefined;
    await ending?.stop('SIGKILL');
  };
  return {
    link,
    port,
    restart,
    kill,
    async start(env) {
      settings = env;
      await restart();
    },
    async [Symbol.asyncDispose]() {
      await kill();
      await link[Symbol.asyncDispose]();
    },
  };
}
