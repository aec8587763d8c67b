import type { Logger } from 'pino';
import type { createMetrics } from './metrics.ts';

/** Outcome of an attempt to deliver usage (counts of operations and clients) to a registry or file. */
export type UsageDelivery = {
  /** URL of the registry, or path of the file, that receives the counts. */
  readonly to: string;
  /**
   * `failed` if the counts are kept for another attempt, `rejected` if they are dropped because the receiver
   * would never accept them.
   */
  readonly outcome: 'delivered' | 'failed' | 'rejected';
  readonly requests: number;
  readonly reason?: string;
};

/** Creates the functions that log and count the delivery of usage counts to a registry or file. */
export function usageEvents({
  log,
  metrics,
}: {
  readonly log: Logger;
  readonly metrics: Pick<ReturnType<typeof createMetrics>, 'usageRequests' | 'usageFailures'>;
}) {
  const failures = new Map<string, number>();

  return {
    usageDelivered(delivery: UsageDelivery): void {
      const { to, outcome, requests } = delivery;
      const before = failures.get(to) ?? 0;
      failures.set(to, outcome === 'failed' ? before + 1 : 0);
      if (outcome === 'failed') metrics.usageFailures.inc();
      else metrics.usageRequests.inc({ outcome }, requests);
      if (outcome === 'rejected') log.error(delivery, 'recorded operations rejected, they are lost');
      // Logs the first, second, fourth and eighth failure and so on, so that a long outage does not fill the
      // log.
      if (outcome === 'failed' && (before & (before + 1)) === 0)
        log.warn({ ...delivery, failures: before + 1 }, 'recorded operations could not be delivered');
      if (outcome === 'delivered' && before > 0)
        log.info({ to, failures: before }, 'recorded operations delivered after failures');
    },

    /** Logs an error that prevented a request from being added to the usage counts. */
    usageNotCounted(error: unknown): void {
      log.error({ err: error }, 'request not counted for its operation');
    },
  };
}
