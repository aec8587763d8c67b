import type { Program } from './programs.ts';
import { Service } from './service.ts';
import type { ServiceParts } from './service.ts';

const READY_WITHIN_MS = 120_000;
const SLOW_START_MS = 15_000;

/** The processes of the shop, started in groups and stopped in reverse order. */
export class Shop {
  readonly #groups: (readonly Service[])[] = [];
  #stopping = false;

  /**
   * Starts programs concurrently and waits until all are ready. After `slowMs`, a sentence names those that
   * are not.
   * @throws {StartError} if one exits before it is ready
   */
  async start(programs: readonly Program[], parts: ServiceParts, slowMs = SLOW_START_MS): Promise<void> {
    if (this.#stopping) return;
    const group = programs.map((program) => new Service(program, parts));
    this.#groups.push(group);
    const starting = new Set(group);
    const slow = setTimeout(() => parts.onNews(slowStart(starting)), slowMs);
    try {
      await Promise.all(
        group.map(async (service) => {
          await service.ready(READY_WITHIN_MS);
          starting.delete(service);
        }),
      );
    } finally {
      clearTimeout(slow);
    }
  }

  /** Drains each group for at most `graceMs`; returns the names of services that had to be killed. */
  async stop(graceMs: number): Promise<string[]> {
    this.#stopping = true;
    const killed: string[] = [];
    for (const group of this.#groups.toReversed()) {
      await Promise.all(
        group.map(async (service) => {
          if (!(await service.stop(graceMs))) killed.push(service.name);
        }),
      );
    }
    return killed;
  }

  kill(): void {
    this.#stopping = true;
    for (const service of this.#groups.flat()) service.kill();
  }
}

function slowStart(starting: ReadonlySet<Service>): string {
  const names = Array.from(starting, ({ name }) => name).join(', ');
  return `Not ready yet: ${names}. A busy disk or processor delays the first start; it fails after ${READY_WITHIN_MS / 1000} s.`;
}
