import type { ErrorText, ResponsePath } from './execution-error.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import type { ReportedErrors } from './reported-errors.ts';
import type { SubgraphFailure } from '../../request/subgraph-request.ts';

/** Data that a subgraph did not deliver, as listed in `extensions.degraded` of the response. */
export type Degradation = {
  readonly service: string;
  readonly reason: ErrorCode;
  readonly retryAfterMs?: number;
  readonly breaker?: 'closed' | 'open' | 'half-open';
  /** Value in the response instead of the missing data: null, a fallback or a stale value. */
  readonly source: Source;
  /** Age of the oldest stale value in milliseconds; undefined for other replacements. */
  readonly ageMs?: number;
  /** Response paths of the missing data without list indices, such as `['products', 'price']`. */
  readonly paths: readonly (readonly string[])[];
};

/** The value that the response has instead of data that a subgraph did not deliver. */
export type Source = 'null' | 'fallback' | 'stale';

/**
 * Response paths whose data has the same kind of replacement. A key of the map is the path joined with dots.
 */
type DegradedPaths = { readonly paths: Map<string, readonly string[]>; ageMs: number | undefined };

/** A reason why data is missing, such as a failed fetch. Each resulting null gets an error with `text`. */
export type FailureCause = {
  readonly text: ErrorText;
  /** The failed call to a subgraph; undefined if the data is missing for another reason. */
  readonly failure: SubgraphFailure | undefined;
  /** True if a null gets the error `text` only if no subgraph has reported an error for its path. */
  readonly isReported: boolean;
  /**
   * Errors that the subgraph reported in the response of a failed call. At nulls that they explain, clients
   * see these errors instead of `text`.
   */
  readonly reported: ReportedErrors | undefined;
  /**
   * Path of the error if no position is known where a null, a fallback or a stale value replaces the missing
   * data. It is the path of the failed fetch up to its first list, or the path of a root field.
   */
  readonly nearest: ResponsePath | undefined;
  /**
   * Returns the response path of a field that is missing because of the failure: the first one that the call
   * should have delivered.
   */
  readonly findLostField: (() => ResponsePath | undefined) | undefined;
  /**
   * True if the response will have an error for this cause: no fallback or stale value can replace the
   * missing data.
   */
  readonly isFinal: boolean;
  readonly degradations: Map<Source, DegradedPaths>;
  /**
   * Fields that `degradations` (data for `extensions.degraded`) already contains as null. A field that is
   * null in 1,000 list items is recorded once, because the recorded paths have no list indices.
   */
  readonly degradedFields: Set<object>;
};

type FailureCauseInit = Partial<FailureCause> & {
  readonly code: ErrorCode;
  readonly message: string;
  readonly service: string | undefined;
};

/**
 * Creates a cause with the given code and message. The fields that it affects are recorded later, when the
 * response is completed.
 */
export function createFailureCause({ code, message, service, ...init }: FailureCauseInit): FailureCause {
  return {
    text: { message, extensions: service === undefined ? { code } : { code, service } },
    failure: undefined,
    isReported: false,
    reported: undefined,
    nearest: undefined,
    findLostField: undefined,
    isFinal: false,
    ...init,
    degradations: new Map(),
    degradedFields: new Set(),
  };
}

/** Records for `extensions.degraded` that the field is null. */
export function recordNullDegradation(cause: FailureCause, field: object, path: ResponsePath): void {
  if (cause.failure === undefined || cause.degradedFields.has(field)) return;
  cause.degradedFields.add(field);
  recordDegradation(cause, 'null', path);
}

/** Returns the elements that two paths share at their beginning. */
export function commonPrefix(first: ResponsePath, second: ResponsePath): ResponsePath {
  let length = 0;
  while (length < first.length && first[length] === second[length]) length += 1;
  return length === first.length ? first : first.slice(0, length);
}

/**
 * Merges the degradations of all causes into one entry for each combination of subgraph, reason and
 * replacement.
 */
export function degradationsOf(causes: readonly FailureCause[]): Degradation[] {
  const entries = new Map<
    string,
    { readonly failure: SubgraphFailure; source: Source; degraded: DegradedPaths }
  >();
  for (const cause of causes) {
    const { failure, degradations, nearest } = cause;
    if (failure === undefined) continue;
    if (degradations.size === 0 && nearest) recordDegradation(cause, 'null', nearest);
    for (const [source, degraded] of degradations) {
      const key = `${source} ${failure.code} ${failure.service}`;
      const known = entries.get(key);
      if (known === undefined) entries.set(key, { failure, source, degraded });
      else entries.set(key, { ...known, degraded: joined(known.degraded, degraded) });
    }
  }
  return [...entries.values()].map(({ failure, source, degraded }) => {
    const { service, code, retryAfterMs, breaker } = failure;
    return {
      service,
      reason: code,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(breaker !== undefined && { breaker }),
      source,
      ...(degraded.ageMs !== undefined && { ageMs: degraded.ageMs }),
      paths: [...degraded.paths.values()],
    };
  });
}

/** Records for `extensions.degraded` which replacement the response has at the path. */
export function recordDegradation(
  cause: FailureCause,
  source: Source,
  path: ResponsePath,
  ageMs?: number,
): void {
  const names = path.filter((element) => typeof element === 'string');
  const degraded = cause.degradations.get(source) ?? { paths: new Map(), ageMs: undefined };
  degraded.paths.set(names.join('.'), names);
  degraded.ageMs = older(degraded.ageMs, ageMs);
  cause.degradations.set(source, degraded);
}

function joined(one: DegradedPaths, other: DegradedPaths): DegradedPaths {
  return { paths: new Map([...one.paths, ...other.paths]), ageMs: older(one.ageMs, other.ageMs) };
}

function older(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.max(one, other);
}
