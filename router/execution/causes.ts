import type { ErrorCode } from '../errors.ts';
import type { SubgraphFailure } from './subgraph-call.ts';

export type ResponsePath = readonly (string | number)[];

/** An error as it stands in the answer. */
export type ExecutionError = {
  readonly message: string;
  readonly path: ResponsePath;
  readonly extensions: { readonly code: string; readonly service?: string; readonly [key: string]: unknown };
};

/** What a service did not deliver, for machines: `extensions.degraded` of the answer. */
export type Degradation = {
  readonly service: string;
  readonly reason: ErrorCode;
  readonly retryAfterMs?: number;
  readonly breaker?: 'closed' | 'open' | 'half-open';
  /** Response paths without list indices. */
  readonly paths: readonly (readonly string[])[];
};

/**
 * One thing that went wrong and the nulls that came of it. It becomes one error for each root field it reaches, at the null
 * if there is one, else at the deepest response path that holds all of them.
 */
export type Cause = {
  readonly code: ErrorCode;
  readonly message: string;
  readonly service: string | undefined;
  /** Set when the fetch as a whole brought nothing. */
  readonly failure: SubgraphFailure | undefined;
  /** The subgraph has reported an error of its own, which stands in the answer. */
  readonly isReported: boolean;
  /** Where the error stands when no null came of it. */
  readonly fallback: ResponsePath | undefined;
  /** By root field. */
  readonly places: Map<string | number | undefined, ResponsePath>;
  /** Nulls that have an error each. */
  readonly nulls: ResponsePath[];
  readonly degradedPaths: Map<string, readonly string[]>;
};

type CauseInit = Pick<Cause, 'code' | 'message' | 'service'> & Partial<Cause>;

export function createCause(init: CauseInit): Cause {
  return {
    failure: undefined,
    isReported: false,
    fallback: undefined,
    ...init,
    places: new Map(),
    nulls: [],
    degradedPaths: new Map(),
  };
}

export function blame(cause: Cause, path: ResponsePath): void {
  const root = path[0];
  const place = cause.places.get(root);
  cause.places.set(root, place === undefined ? path : commonPrefix(place, path));
  if (cause.failure !== undefined) addDegradedPath(cause, path);
}

/** The same, for a null with an error of its own. */
export function blameAlone(cause: Cause, path: ResponsePath): void {
  cause.nulls.push(path);
  if (cause.failure !== undefined) addDegradedPath(cause, path);
}

export function commonPrefix(first: ResponsePath, second: ResponsePath): ResponsePath {
  let length = 0;
  while (length < first.length && first[length] === second[length]) length += 1;
  return length === first.length ? first : first.slice(0, length);
}

export function errorsOf(cause: Cause): ExecutionError[] {
  if (cause.isReported) return [];
  const nulls = [...cause.nulls, ...cause.places.values()];
  const places = nulls.length === 0 && cause.fallback ? [cause.fallback] : nulls;
  const { code, message, service } = cause;
  const extensions = service === undefined ? { code } : { code, service };
  return places.map((path) => ({ message, path, extensions }));
}

/** One entry for each service and reason. */
export function degradationsOf(causes: readonly Cause[]): Degradation[] {
  const groups = new Map<string, Cause[]>();
  for (const cause of causes) {
    if (cause.failure === undefined) continue;
    const key = `${cause.failure.code} ${cause.failure.service}`;
    groups.set(key, [...(groups.get(key) ?? []), cause]);
  }
  return [...groups.values()].flatMap((group) => {
    const failure = group[0]?.failure;
    return failure === undefined ? [] : [degradationOf(failure, group)];
  });
}

function degradationOf(failure: SubgraphFailure, group: readonly Cause[]): Degradation {
  const paths = new Map<string, readonly string[]>();
  for (const cause of group) {
    if (cause.degradedPaths.size === 0 && cause.fallback) addDegradedPath(cause, cause.fallback);
    for (const [key, path] of cause.degradedPaths) paths.set(key, path);
  }
  const { service, code, retryAfterMs, breaker } = failure;
  return {
    service,
    reason: code,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(breaker !== undefined && { breaker }),
    paths: [...paths.values()],
  };
}

function addDegradedPath(cause: Cause, path: ResponsePath): void {
  const names = path.filter((element) => typeof element === 'string');
  cause.degradedPaths.set(names.join('.'), names);
}
