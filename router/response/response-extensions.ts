import type { CostReport } from '../rate-limit/reconcile.ts';
import type { Degradation } from '../execution/errors/failure-causes.ts';

/** Facts besides data and errors that the router reports in the `extensions` of a response. */
export type Remarks = {
  readonly degraded: readonly Degradation[];
  /** Number of errors that the response omits, because there are too many. */
  readonly omittedErrors?: number;
  /**
   * Fields that the caller is not authorized to see but receives, because authorization is configured only to
   * report them (`dry-run`).
   */
  readonly authorizationErrors?: readonly object[];
  /** Cost of the operation, if the client requested it. */
  readonly cost?: CostReport;
};

/** Returns the `extensions` of a response; undefined if it has none. */
export function extensionsOf({
  degraded,
  omittedErrors = 0,
  authorizationErrors = NONE,
  cost,
}: Remarks): Partial<Remarks> | undefined {
  const isEmpty =
    degraded.length === 0 && omittedErrors === 0 && authorizationErrors.length === 0 && cost === undefined;
  if (isEmpty) return undefined;
  return {
    ...(degraded.length > 0 && { degraded }),
    ...(omittedErrors > 0 && { omittedErrors }),
    ...(authorizationErrors.length > 0 && { authorizationErrors }),
    ...(cost && { cost }),
  };
}

const NONE: readonly never[] = [];

/**
 * Returns the header that marks a partial response; undefined if the response is complete. The header names
 * each failed subgraph and the replacement for its values, null or earlier (stale) ones: `x-degraded:
 * SERVICE;source=null, SERVICE;source=stale`.
 */
export function degradedHeaders(
  degraded: readonly Degradation[],
): Readonly<Record<string, string>> | undefined {
  if (degraded.length === 0) return undefined;
  // The names of subgraphs are encoded, because they may contain characters that are not allowed in a header.
  const members = degraded.map(({ service, source }) => `${encodeURIComponent(service)};source=${source}`);
  return { 'x-degraded': [...new Set(members)].join(', ') };
}
