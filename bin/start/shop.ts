import type { Program } from './programs.ts';
import { Service } from './service.ts';
import type { ServiceParts } from './service.ts';

const READY_WITHIN_MS = 120_000;

/** The processes of the shop, started in groups and stopped in reverse order. */
export class Shop {
  readonly #groups: (readonly Service[])[] = [];
  #stopping = false;

  /**
   * Starts programs concurrently and waits until all are ready.
   * @throws {StartError} if one exits before it is ready
   */
  async start(programs: readonly Program[], parts: ServiceParts): Promise<void> {
    if (this.#stopping) return;
    const group = programs.map((program) => new Service(program, parts));
    this.#groups.push(group);
    await Promise.all(group.map((service) => service.ready(READY_WITHIN_MS)));
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
