import type { Logger } from 'pino';
import type { createMetrics } from './metrics.ts';

const NO_SUPERGRAPH = 'none, the router is not ready until a valid supergraph is loaded';

/**
 * Creates the functions that log and count events of supergraphs and their sources, such as an activation or
 * a rejection.
 */
export function supergraphEvents({
  log,
  metrics,
}: {
  readonly log: Logger;
  readonly metrics: Pick<ReturnType<typeof createMetrics>, 'supergraphs' | 'registryReports'>;
}) {
  /** Registries to which the last status report of the router could not be delivered. */
  const failing = new Set<string>();
  return {
    supergraphSwapped(event: {
      readonly generation: string;
      readonly source: string;
      readonly ms: number;
      readonly sequence?: number;
      readonly launch?: number;
    }): void {
      metrics.supergraphs.inc({ outcome: 'served' });
      log.info(event, 'supergraph activated');
    },

    /**
     * Records that a canary was started: a share of the callers is served with another supergraph than the
     * rest.
     */
    canaryStarted(event: {
      readonly launch: number;
      /** Share of the callers that the canary serves, in percent. */
      readonly percent: number;
      readonly generation: string;
    }): void {
      metrics.supergraphs.inc({ outcome: 'canary' });
      log.info(event, 'canary started');
    },

    canaryRolledBack(event: { readonly launch: number; readonly reason: string }): void {
      metrics.supergraphs.inc({ outcome: 'rolled back' });
      log.error(event, 'canary rolled back');
    },

    supergraphServedDifferently(event: {
      readonly generation: string;
      readonly warnings: readonly string[];
    }): void {
      log.warn(event, 'supergraph activated with deviations');
    },

    /**
     * Records that a supergraph was rejected. `serving` is the version that stays active. A supergraph that
     * is rejected again at each poll is counted each time but logged only once.
     */
    supergraphRejected(
      event: {
        readonly source: string;
        readonly reasons: readonly string[];
        readonly rejected: string | undefined;
        readonly serving: string | undefined;
        readonly sequence?: number;
        readonly launch?: number;
      },
      isNew: boolean,
    ): void {
      metrics.supergraphs.inc({ outcome: 'rejected' });
      const { serving = NO_SUPERGRAPH } = event;
      if (isNew) log.error({ ...event, serving }, 'supergraph rejected');
    },

    /** Records that a source returned no supergraph. `serving` is the version that stays active. */
    supergraphSourceUnavailable(event: {
      readonly source: string;
      readonly reasons: readonly string[];
      readonly serving: string | undefined;
    }): void {
      const { serving = NO_SUPERGRAPH } = event;
      log.warn({ ...event, serving }, 'supergraph source unavailable');
    },

    supergraphSourceAvailable(event: { readonly source: string }): void {
      log.info(event, 'supergraph source available again');
    },

    storedSupergraphServed(event: { readonly source: string; readonly generation: string }): void {
      log.warn(event, 'no source delivers a supergraph, the stored one is served');
    },

    /**
     * Records whether a status report of the router was delivered to a registry. Of several failures in a
     * row, only the first is logged.
     */
    registryReported(event: {
      readonly registry: string;
      readonly outcome: 'ok' | 'failed';
      readonly reason?: string;
    }): void {
      const { registry, outcome, reason } = event;
      metrics.registryReports.inc({ outcome });
      const hasFailed = failing.has(registry);
      if (outcome === 'failed') failing.add(registry);
      else failing.delete(registry);
      if (outcome === 'failed' && !hasFailed) log.warn({ registry, reason }, 'registry report failed');
      if (outcome === 'ok' && hasFailed) log.info({ registry }, 'registry report accepted again');
    },

    supergraphNotStored(event: { readonly file: string; readonly reason: string }): void {
      log.warn(event, 'supergraph cannot be stored (`supergraph.keepIn`)');
    },

    /** Logs that a source whose last supergraph was rejected delivers the active supergraph again. */
    supergraphRestored(event: { readonly source: string; readonly generation: string }): void {
      log.info(event, 'supergraph source matches the active supergraph again');
    },
  };
}
