import type { CostReport } from '../rate-limit/reconcile.ts';
import type { Degradation } from '../execution/errors/failure-causes.ts';

/** Facts about a response for programs, beside its data and errors. */
export type Remarks = {
  readonly degraded: readonly Degradation[];
  /** Number of errors that the response does not list, because there were too many. */
  readonly omittedErrors?: number;
  /** What the caller would not have been given, where that is only told. */
  readonly authorizationErrors?: readonly object[];
  /** What the operation cost, where the client asked. */
  readonly cost?: CostReport;
};

/** `extensions` of a response; undefined when there are none. */
export function extensionsOf({
  degraded,
  omittedErrors = 0,
  authorizationErrors = [],
  cost,
}: Remarks): Partial<Remarks> | undefined {
  const extensions = {
    ...(degraded.length > 0 && { degraded }),
    ...(omittedErrors > 0 && { omittedErrors }),
    ...(authorizationErrors.length > 0 && { authorizationErrors }),
    ...(cost && { cost }),
  };
  return Object.keys(extensions).length === 0 ? undefined : extensions;
}

/** Tells of a partial answer to those who do not read it: `x-degraded: SERVICE;source=null, SERVICE;source=stale`. */
export function degradedHeaders(degraded: readonly Degradation[]): Record<string, string> {
  if (degraded.length === 0) return {};
  // Names are the operator's, and a header takes fewer characters than a file.
  const members = degraded.map(({ service, source }) => `${encodeURIComponent(service)};source=${source}`);
  return { 'x-degraded': [...new Set(members)].join(', ') };
}
