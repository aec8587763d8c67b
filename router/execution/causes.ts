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
  /** What stands there in place of what should. */
  readonly source: Source;
  /** Of the oldest value, where they are stale. */
  readonly ageMs?: number;
  /** Response paths without list indices. */
  readonly paths: readonly (readonly string[])[];
};

export type Source = 'null' | 'fallback' | 'stale';

/** Where one source stands in: names by their text. */
type Gap = { readonly paths: Map<string, readonly string[]>; ageMs: number | undefined };

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
  /** The service's own errors: they stand in the answer in place of the router's. */
  readonly reported: readonly ExecutionError[];
  /** Where the error stands when no null came of it, and nothing stands in. */
  readonly nearest: ResponsePath | undefined;
  /** Nothing will stand in for what it lacks. */
  readonly isFinal: boolean;
  /** By root field. */
  readonly places: Map<string | number | undefined, ResponsePath>;
  /** Nulls that have an error each. */
  readonly nulls: ResponsePath[];
  readonly gaps: Map<Source, Gap>;
};

type CauseInit = Pick<Cause, 'code' | 'message' | 'service'> & Partial<Cause>;

export function createCause(init: CauseInit): Cause {
  return {
    failure: undefined,
    isReported: false,
    reported: [],
    nearest: undefined,
    isFinal: false,
    ...init,
    places: new Map(),
    nulls: [],
    gaps: new Map(),
  };
}

export function blame(cause: Cause, path: ResponsePath): void {
  const root = path[0];
  const place = cause.places.get(root);
  cause.places.set(root, place === undefined ? path : commonPrefix(place, path));
  if (cause.failure !== undefined) addGap(cause, 'null', path);
}

/** The same, for a null with an error of its own. */
export function blameAlone(cause: Cause, path: ResponsePath): void {
  cause.nulls.push(path);
  if (cause.failure !== undefined) addGap(cause, 'null', path);
}

export function commonPrefix(first: ResponsePath, second: ResponsePath): ResponsePath {
  let length = 0;
  while (length < first.length && first[length] === second[length]) length += 1;
  return length === first.length ? first : first.slice(0, length);
}

export function errorsOf(cause: Cause): ExecutionError[] {
  if (cause.isReported) return [];
  const nulls = [...cause.nulls, ...cause.places.values()];
  const isSilent = nulls.length === 0 && cause.gaps.size === 0;
  const places = isSilent && cause.nearest ? [cause.nearest] : nulls;
  if (places.length === 0) return [];
  const { code, message, service, reported } = cause;
  const extensions = service === undefined ? { code } : { code, service };
  const unexplained = places.filter((path) => !reported.some((error) => isAlong(error.path, path)));
  return [...reported, ...unexplained.map((path) => ({ message, path, extensions }))];
}

/** Whether one of the paths leads to the other. */
export function isAlong(first: ResponsePath, second: ResponsePath): boolean {
  return commonPrefix(first, second).length === Math.min(first.length, second.length);
}

/** One entry for each service, reason and source. */
export function degradationsOf(causes: readonly Cause[]): Degradation[] {
  const entries = new Map<string, { readonly failure: SubgraphFailure; source: Source; gap: Gap }>();
  for (const cause of causes) {
    const { failure, gaps, nearest } = cause;
    if (failure === undefined) continue;
    if (gaps.size === 0 && nearest) addGap(cause, 'null', nearest);
    for (const [source, gap] of gaps) {
      const key = `${source} ${failure.code} ${failure.service}`;
      const known = entries.get(key);
      if (known === undefined) entries.set(key, { failure, source, gap });
      else entries.set(key, { ...known, gap: joined(known.gap, gap) });
    }
  }
  return [...entries.values()].map(({ failure, source, gap }) => {
    const { service, code, retryAfterMs, breaker } = failure;
    return {
      service,
      reason: code,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(breaker !== undefined && { breaker }),
      source,
      ...(gap.ageMs !== undefined && { ageMs: gap.ageMs }),
      paths: [...gap.paths.values()],
    };
  });
}

/** Something stands at the path in place of what its service should have delivered. */
export function addGap(cause: Cause, source: Source, path: ResponsePath, ageMs?: number): void {
  const names = path.filter((element) => typeof element === 'string');
  const gap = cause.gaps.get(source) ?? { paths: new Map(), ageMs: undefined };
  gap.paths.set(names.join('.'), names);
  gap.ageMs = older(gap.ageMs, ageMs);
  cause.gaps.set(source, gap);
}

function joined(one: Gap, other: Gap): Gap {
  return { paths: new Map([...one.paths, ...other.paths]), ageMs: older(one.ageMs, other.ageMs) };
}

function older(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.max(one, other);
}
