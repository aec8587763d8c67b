import { outcomeOf } from '../telemetry/metrics/response-outcome.ts';
import type { RequestFinished, SubgraphCalled } from '../request/finished-work.ts';
import { pathOf } from '../trace/critical-path.ts';
import { LatencyBuckets, percentile } from './latency-buckets.ts';
import type { LatencyCounts } from './latency-buckets.ts';

/** Length in milliseconds of a time step, for which metrics of the console are summed. */
export const STEP_MS = 5_000;
/** Number of time steps that are kept: 15 minutes. */
export const MAX_STEPS = 180;
/**
 * Maximum number of subgraphs with metrics per time step. Further ones are ignored, which bounds the memory.
 */
const MAX_SUBGRAPHS = 500;

/** Metrics of one process for one time step, in a form that can be summed with those of other processes. */
export type StepFigures = {
  /** Number of the time step: milliseconds since 1970, divided by `STEP_MS`. */
  readonly step: number;
  readonly requests: number;
  /** Number of requests that have failed, or whose response has errors. */
  readonly errors: number;
  readonly degraded: number;
  readonly rejected: number;
  readonly latencies: LatencyCounts;
  readonly subgraphs: Readonly<Record<string, SubgraphFigures>>;
  /**
   * Number of responses with missing, stale or fallback values, for each subgraph that failed to deliver
   * them.
   */
  readonly degradedBy: Readonly<Record<string, number>>;
  /**
   * For each subgraph, milliseconds during which responses waited for the subgraph (its share of the critical
   * path). The key `router` has the time of the router itself.
   */
  readonly criticalPath: Readonly<Record<string, number>>;
};

export type SubgraphFigures = {
  readonly calls: number;
  readonly errors: number;
  /** Total duration in milliseconds of all calls to the subgraph. */
  readonly busyMs: number;
  /** Total time in milliseconds that all calls to the subgraph waited for a connection. */
  readonly waitedMs: number;
  readonly latencies: LatencyCounts;
};

/** Metrics of the last 15 minutes in short time steps, which the console draws as charts. */
export type LiveSeries = {
  readonly requestFinished: (event: RequestFinished) => void;
  readonly subgraphCalled: (event: SubgraphCalled) => void;
  /**
   * Returns the time steps of the last minutes, the oldest one first. Steps without requests and subgraph
   * calls are left out.
   */
  readonly steps: (minutes: number) => readonly StepFigures[];
  /** Returns the median duration of the calls to a subgraph in milliseconds; undefined without calls. */
  readonly latencyOf: (subgraph: string) => number | undefined;
};

/**
 * Creates the metrics of the last 15 minutes, which are empty at first.
 * @param now returns milliseconds since 1970
 */
export function createLiveSeries(now: () => number): LiveSeries {
  const steps: Step[] = [];

  function current(): Step {
    const number = Math.floor(now() / STEP_MS);
    const last = steps.at(-1);
    // If the clock was set back, requests are counted in the newest step, so that the steps stay in order.
    if (last !== undefined && last.number >= number) return last;
    const step = new Step(number);
    steps.push(step);
    while ((steps[0]?.number ?? number) <= number - MAX_STEPS) steps.shift();
    return step;
  }

  const since = (minutes: number) => {
    const first = Math.floor(now() / STEP_MS) - Math.ceil((minutes * 60_000) / STEP_MS);
    return steps.filter(({ number }) => number > first);
  };

  return {
    requestFinished: (event) => current().addRequest(event),
    subgraphCalled: (event) => current().addCall(event),
    steps: (minutes) => since(minutes).map((step) => step.figures()),
    latencyOf(subgraph) {
      const latencies = steps.flatMap((step) => step.latenciesOf(subgraph) ?? []);
      return percentile(
        latencies.map((one) => one.counts()),
        0.5,
      );
    },
  };
}

type Calls = {
  calls: number;
  errors: number;
  busyMs: number;
  waitedMs: number;
  readonly latencies: LatencyBuckets;
};

class Step {
  readonly number: number;
  #requests = 0;
  #errors = 0;
  #degraded = 0;
  #rejected = 0;
  readonly #latencies = new LatencyBuckets();
  readonly #subgraphs = new Map<string, Calls>();
  readonly #shares = new Map<string, number>();
  readonly #degradedBy = new Map<string, number>();

  constructor(number: number) {
    this.number = number;
  }

  addRequest(event: RequestFinished): void {
    const { recorder } = event;
    const outcome = outcomeOf(event);
    this.#requests += 1;
    if (outcome === 'rejected') this.#rejected += 1;
    else if (outcome !== 'ok') this.#errors += 1;
    if (event.degraded !== undefined && event.degraded.length > 0) this.#addDegraded(event.degraded);
    this.#latencies.add(event.ms);
    if (recorder.execution === undefined) return;
    for (const { owner, us } of pathOf(recorder).shares) {
      const before = this.#shares.get(owner);
      if (before !== undefined || this.#shares.size < MAX_SUBGRAPHS)
        this.#shares.set(owner, (before ?? 0) + us / 1000);
    }
  }

  #addDegraded(subgraphs: readonly string[]): void {
    this.#degraded += 1;
    for (const name of subgraphs)
      if (this.#degradedBy.has(name) || this.#degradedBy.size < MAX_SUBGRAPHS)
        this.#degradedBy.set(name, (this.#degradedBy.get(name) ?? 0) + 1);
  }

  addCall({ subgraph, outcome, ms, connectionMs = 0 }: SubgraphCalled): void {
    const known = this.#subgraphs.get(subgraph);
    if (known === undefined && this.#subgraphs.size >= MAX_SUBGRAPHS) return;
    const calls = known ?? { calls: 0, errors: 0, busyMs: 0, waitedMs: 0, latencies: new LatencyBuckets() };
    if (known === undefined) this.#subgraphs.set(subgraph, calls);
    calls.calls += 1;
    if (outcome !== 'OK') calls.errors += 1;
    calls.busyMs += ms;
    calls.waitedMs += connectionMs;
    calls.latencies.add(ms);
  }

  latenciesOf(subgraph: string): LatencyBuckets | undefined {
    return this.#subgraphs.get(subgraph)?.latencies;
  }

  figures(): StepFigures {
    return {
      step: this.number,
      requests: this.#requests,
      errors: this.#errors,
      degraded: this.#degraded,
      rejected: this.#rejected,
      latencies: this.#latencies.counts(),
      subgraphs: Object.fromEntries(
        [...this.#subgraphs].map(([name, { latencies, ...calls }]) => [
          name,
          { ...calls, latencies: latencies.counts() },
        ]),
      ),
      degradedBy: Object.fromEntries(this.#degradedBy),
      criticalPath: Object.fromEntries(this.#shares),
    };
  }
}
