import type { GraphQLFormattedError } from 'graphql';
import type { CostReport } from '../rate-limit/reconcile.ts';
import { isErrorCode } from '../shared/errors.ts';
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

/** The degradations behind the errors of Apollo's own executor, which keeps no account of them. */
export function degradationsIn(errors: readonly GraphQLFormattedError[]): Degradation[] {
  const groups = new Map<string, Omit<Degradation, 'paths'> & { readonly paths: string[][] }>();
  for (const { path, extensions } of errors) {
    const code = extensions?.['code'];
    const service = extensions?.['service'];
    if (!isErrorCode(code) || !code.startsWith('SUBGRAPH_') || typeof service !== 'string') continue;
    const key = `${service} ${code}`;
    const group = groups.get(key) ?? { service, reason: code, source: 'null' as const, paths: [] };
    group.paths.push((path ?? []).filter((segment) => typeof segment === 'string'));
    groups.set(key, group);
  }
  return [...groups.values()];
}
