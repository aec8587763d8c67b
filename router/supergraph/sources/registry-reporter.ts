import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { messageOf } from '../../shared/error-message.ts';
import type { RolloutStatus } from '../../rollout/rollout-report.ts';
import type { Schedule } from '../../shared/schedule.ts';
import type { Rejection, SupergraphStatus } from '../../telemetry/supergraph-status.ts';
import type { Telemetry } from '../../telemetry/telemetry.ts';
import { registryName } from '../registry/registry-name.ts';
import { createDownloads } from './download.ts';
import { createRegistryClient } from './registry-client.ts';
import { sourcesOf } from './source-config.ts';
import type { RegistrySource } from './source-config.ts';
import type { Config } from '../../config/config-schema.ts';

export type ReporterParts = {
  readonly schedule: Schedule;
  readonly random: () => number;
  /** Returns milliseconds since 1970. */
  readonly now: () => number;
  readonly telemetry: Pick<Telemetry, 'registryReported'>;
  readonly routerVersion: string;
  readonly supergraph: () => SupergraphStatus;
  readonly rollout: () => RolloutStatus;
};

/** Sends reports to schema registries about the supergraphs that this process serves and rejects. */
export type RegistryReporters = AsyncDisposable & {
  /** Sends a report at once to each registry for which the state has changed since its last report. */
  readonly notify: () => void;
};

const INTERVAL_MS = 10_000;
/**
 * Random variation of the report interval: at most this fraction of the interval, so that many routers do
 * not report at the same time.
 */
const JITTER = 0.1;
const LIMITS = { timeoutMs: 4_000, maxBytes: 65_536 };

/**
 * Creates the reporters of all configured registries. Each worker process sends its own reports, because it
 * activates supergraphs and evaluates canaries independently of the others.
 */
export function createRegistryReporters(
  config: Config['supergraph'],
  parts: ReporterParts,
): RegistryReporters {
  const identity = {
    instance: `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`,
    routerVersion: parts.routerVersion,
    startedAt: new Date(parts.now()).toISOString(),
  };
  const registries = sourcesOf(config).filter((source) => source.kind === 'registry');
  const reporters = registries.map((registry) => createReporter(registry, { ...parts, identity }));
  return {
    notify: () => reporters.forEach((reporter) => reporter.notify()),
    async [Symbol.asyncDispose]() {
      await Promise.all(reporters.map((reporter) => reporter[Symbol.asyncDispose]()));
    },
  };
}

type Identity = { readonly instance: string; readonly routerVersion: string; readonly startedAt: string };

function createReporter(
  config: RegistrySource,
  { identity, ...parts }: ReporterParts & { readonly identity: Identity },
): RegistryReporters {
  const registry = registryName(config);
  const downloads = createDownloads(LIMITS, parts);
  const client = createRegistryClient(config);
  let isClosed = false;
  let timer: Disposable | undefined;
  let sending: Promise<void> | undefined;
  /** State that was sent in the last report, as JSON, without request counts, which change all the time. */
  let reported: string | undefined;

  function stateNow() {
    return stateOf(config, parts.supergraph(), parts.rollout());
  }

  async function send(): Promise<void> {
    timer?.[Symbol.dispose]();
    const state = stateNow();
    reported = JSON.stringify(state);
    const report = { ...identity, ...state, canaryStats: parts.rollout().canaryStats };
    try {
      await downloads.within((download) => client.report(report, download));
      parts.telemetry.registryReported({ registry, outcome: 'ok' });
    } catch (error) {
      if (!isClosed)
        parts.telemetry.registryReported({ registry, outcome: 'failed', reason: messageOf(error) });
    }
    sending = undefined;
    if (!isClosed) next();
  }

  /**
   * Sends the next report after the interval, or at once if the state changed while the last report was sent.
   */
  function next(): void {
    if (reported !== JSON.stringify(stateNow())) return start();
    const factor = 1 - JITTER + 2 * JITTER * parts.random();
    timer = parts.schedule(start, INTERVAL_MS * factor);
  }

  function start(): void {
    sending ??= send();
  }

  return {
    notify() {
      if (!isClosed && sending === undefined && reported !== JSON.stringify(stateNow())) start();
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      timer?.[Symbol.dispose]();
      await downloads[Symbol.asyncDispose]();
      await sending;
    },
  };
}

/** Returns the state for a report to `registry`. A change of this state is reported immediately. */
function stateOf(registry: RegistrySource, supergraph: SupergraphStatus, rollout: RolloutStatus) {
  const release = supergraph.serving?.release;
  const served = release?.graph === registry.graph ? release : undefined;
  const { canary, decision } = rollout;
  return {
    sequence: served?.sequence ?? null,
    serving: served === undefined ? null : { launch: served.launch, since: served.since },
    canary: served === undefined || canary === null ? null : { launch: canary.launch, since: canary.since },
    rejections: supergraph.rejections
      .filter(({ source }) => source === registryName(registry))
      .map(rejectionOf),
    decision,
  };
}

/** Maximum number of reasons that the registry accepts in a report of a rejected supergraph. */
const MAX_REASONS = 20;
const REASON_LENGTH = 2_000;

function rejectionOf({ release, reasons, since }: Rejection) {
  return {
    ...(release !== undefined && { sequence: release.sequence, launch: release.launch }),
    reasons: reasons.slice(0, MAX_REASONS).map((reason) => reason.slice(0, REASON_LENGTH)),
    at: since,
  };
}
