import type { ErrorDraft, ErrorText, ResponsePath } from './execution-error.ts';
import { ERRORS } from '../../shared/errors.ts';
import type { ErrorCode } from '../../shared/errors.ts';
import type { ResponsePositions } from './response-positions.ts';
import { recordDegradation, recordNullDegradation, degradationsOf } from './failure-causes.ts';
import type { FailureCause, Degradation } from './failure-causes.ts';
import type { FetchReference } from '../fetch/delivery.ts';
import type { JsonObject } from '../../shared/json.ts';
import { listErrors } from './listed-errors.ts';
import type { ListedErrors } from './listed-errors.ts';
import { ReportedErrors } from './reported-errors.ts';
import type { ReportedError } from './reported-errors.ts';

/**
 * Maximum number of subgraph errors that are stored per execution. Further errors only increase
 * `extensions.omittedErrors`, and nulls that they would explain get a general error message.
 */
const MAX_REPORTED = 10_000;

/**
 * A null in the response and the reason for it. `source` is undefined if a subgraph has reported an error at
 * this path or below, because that error already explains the null.
 */
type NullPosition = {
  readonly path: ResponsePath;
  readonly source: FailureCause | ErrorText | undefined;
  readonly isDenial?: true;
};

/**
 * Collects everything that went wrong in one execution: causes of missing data, errors that subgraphs
 * reported, and the resulting nulls. From these it composes the `errors` of the response.
 */
export class ErrorCollector {
  /**
   * Errors that subgraphs reported, and causes of missing data such as a failed fetch, in the order in which
   * they occurred.
   */
  readonly #sources: (ReportedError | FailureCause)[] = [];
  // Errors that subgraphs reported, by their response paths. This property and those for failed fetches and
  // entities are undefined until there is an error, because most executions have none.
  #reported: ReportedErrors | undefined;
  /** Nulls in place of missing, wrong or denied values, in the order of the response. */
  readonly #nulls: NullPosition[] = [];
  #failedFetches: Map<number, FailureCause> | undefined;
  #failedEntities: Map<number, Map<JsonObject, FailureCause>> | undefined;
  readonly #halts: boolean;
  readonly #denialCode: ErrorCode;
  #omitted = 0;

  /**
   * @param options.halts true with the error behavior `HALT`: the response has only the first error and no
   * data. Errors then keep the order in which they occurred, and the propagation of nulls is not recorded.
   */
  constructor({ halts, denialCode }: { readonly halts: boolean; readonly denialCode: ErrorCode }) {
    this.#halts = halts;
    this.#denialCode = denialCode;
  }

  addCause(cause: FailureCause): FailureCause {
    this.#sources.push(cause);
    return cause;
  }

  /** Returns whether the response will contain an error. */
  hasErrors(): boolean {
    return this.#sources.some((source) => isReportedError(source) || source.isFinal);
  }

  /** Records that a field is null because of a failure, such as a failed fetch. */
  addNull(cause: FailureCause, path: ResponsePath, field: object): void {
    recordNullDegradation(cause, field, path);
    this.#nulls.push({ path, source: cause });
  }

  /**
   * Records that a value is missing. The response lists the errors that subgraphs have reported for the path;
   * if there are none, it lists an error with the given text.
   */
  addMissing(path: ResponsePath, text: () => ErrorText): void {
    const reported = this.#reported?.errorsFor(path);
    if (reported === undefined) this.addError(path, text());
    else if (reported.length === 0) this.#nulls.push({ path, source: undefined });
    else for (const one of reported) this.addError(path, one);
  }

  /** Records that the value at the path has the wrong type. */
  addError(path: ResponsePath, text: ErrorText): void {
    this.#nulls.push({ path, source: text });
  }

  /** Records that the caller is not authorized to see the value at the path. */
  addDenied(path: ResponsePath): void {
    const code = this.#denialCode;
    const source = { message: ERRORS[code].meaning, extensions: { code } };
    this.#nulls.push({ path, source, isDenial: true });
  }

  /**
   * Records that null has propagated up to the position at the first `length` elements of the path. Of the
   * errors below that position, only the last one is kept: it caused the propagation, and the positions of
   * the others are no longer in the response. Authorization errors are all kept, so that the client learns
   * all scopes that it needs.
   */
  recordPropagation(path: ResponsePath, length: number): void {
    if (this.#halts) return;
    const nulls = this.#nulls;
    let first = nulls.length;
    while (first > 0 && startsWith(nulls[first - 1]?.path, path, length)) first -= 1;
    if (nulls.length - first < 2) return;
    const below = nulls.splice(first);
    const last = below.length - 1;
    for (const [index, one] of below.entries()) if (index === last || one.isDenial === true) nulls.push(one);
  }

  /**
   * Records an error that a subgraph reported. If the entity with the error occurs in several places of the
   * response, the error is recorded for each place. A null at such a place gets no other error.
   * @param pathOf returns the response path of a place. `pathOf` is not called once the maximum number of
   * errors is stored, because further errors are only counted.
   */
  addReported<Place>(
    text: ErrorText,
    places: readonly Place[],
    pathOf: (place: Place) => ResponsePath,
  ): void {
    this.#reported ??= new ReportedErrors();
    for (const [index, place] of places.entries()) {
      if (this.#reported.all.length >= MAX_REPORTED) {
        this.#omitted += places.length - index;
        return;
      }
      this.#sources.push(this.#reported.add(text, pathOf(place)));
    }
  }

  /** Records the failure of a fetch, which has delivered nothing or not all fields. */
  markFetchFailed(fetch: number, cause: FailureCause): void {
    this.#failedFetches ??= new Map();
    this.#failedFetches.set(fetch, cause);
  }

  failureOf(fetch: number): FailureCause | undefined {
    return this.#failedFetches?.get(fetch);
  }

  /** Records that a fetch delivered nothing for this entity. */
  markEntityFailed(fetch: number, entity: JsonObject, cause: FailureCause): void {
    this.#failedEntities ??= new Map();
    const failed = this.#failedEntities.get(fetch);
    if (failed === undefined) this.#failedEntities.set(fetch, new Map([[entity, cause]]));
    else failed.set(entity, cause);
  }

  /**
   * Returns why a field of an object is missing, given the fetches that should have delivered it; undefined
   * if none of them failed.
   */
  causeOf(fetches: readonly FetchReference[], object: JsonObject): FailureCause | undefined {
    for (const { index } of fetches) {
      const cause = this.#failedEntities?.get(index)?.get(object) ?? this.#failedFetches?.get(index);
      if (cause !== undefined) return cause;
    }
    // No cause was recorded for this object itself. It may be nested in an entity whose fetch failed, but it
    // is unknown in which entity. The cause of the first failed entity is used.
    for (const { index } of fetches) {
      const [cause] = this.#failedEntities?.get(index)?.values() ?? [];
      if (cause !== undefined) return cause;
    }
    return undefined;
  }

  /**
   * Returns the errors of the response: one for each null that a failure caused, and those that subgraphs
   * reported.
   */
  errors(positions: ResponsePositions): ListedErrors {
    if (this.#sources.length === 0 && this.#nulls.length === 0) return { errors: [], omitted: this.#omitted };
    const { byCause, others } = this.#nullsBySource();
    const drafts: ErrorDraft[] = [];
    const withoutNull: ErrorDraft[] = [];
    for (const source of this.#sources) {
      if (isReportedError(source)) {
        if (!source.isReplaced) drafts.push(source);
        continue;
      }
      const paths = byCause.get(source);
      if (paths !== undefined) addDrafts(source, paths, drafts);
      else if (this.#halts || isHiddenByNull(source, positions)) drafts.push(...draftsAtLostField(source));
      else withoutNull.push(...draftsWithoutNull(source));
    }
    for (const draft of others) drafts.push(draft);
    const { errors, omitted } = listErrors(drafts.length === 0 ? withoutNull : drafts, positions);
    return { errors, omitted: omitted + this.#omitted };
  }

  #nullsBySource() {
    const byCause = new Map<FailureCause, ResponsePath[]>();
    const others: ErrorDraft[] = [];
    for (const { path, source } of this.#nulls) {
      if (source === undefined) continue;
      if (!isCause(source)) others.push({ text: source, path, isPlaced: true });
      else if (byCause.has(source)) byCause.get(source)?.push(path);
      else byCause.set(source, [path]);
    }
    return { byCause, others };
  }

  degraded(): readonly Degradation[] {
    return this.#sources.length === 0 ? [] : degradationsOf(this.#sources.filter(isCause));
  }
}

function isCause(source: FailureCause | ErrorText | ReportedError): source is FailureCause {
  return 'degradations' in source;
}

function isReportedError(source: FailureCause | ReportedError): source is ReportedError {
  return !isCause(source);
}

function addDrafts(
  { text, reported }: FailureCause,
  paths: readonly ResponsePath[],
  drafts: ErrorDraft[],
): void {
  const atNulls = paths.flatMap((path) =>
    (reported?.errorsFor(path) ?? [text]).map((one) => ({ text: one, path, isPlaced: true })),
  );
  for (const error of reported?.all ?? []) if (!error.isReplaced) drafts.push(error);
  for (const draft of atNulls) drafts.push(draft);
}

/**
 * Returns whether the object that should contain the missing field, or a value above that object, is null in
 * the response. Only then is an error listed at the path of the field. If the response has a value there, the
 * error would mislead clients.
 */
function isHiddenByNull(
  { nearest = [], findLostField }: FailureCause,
  positions: ResponsePositions,
): boolean {
  return positions.isNull(findLostField?.()?.slice(0, -1) ?? nearest);
}

function draftsAtLostField(cause: FailureCause): readonly ErrorDraft[] {
  const drafts = draftsWithoutNull(cause);
  const path = cause.reported === undefined && drafts.length > 0 ? cause.findLostField?.() : undefined;
  if (path === undefined) return drafts;
  recordDegradation(cause, 'null', path);
  return [{ text: cause.text, path, isPlaced: true }];
}

function draftsWithoutNull({
  text,
  isReported,
  reported,
  nearest,
  degradations,
}: FailureCause): readonly ErrorDraft[] {
  if (isReported || nearest === undefined || degradations.size > 0) return [];
  return reported?.all ?? [{ text, path: nearest, isPlaced: false }];
}

function startsWith(path: ResponsePath | undefined, start: ResponsePath, length: number): boolean {
  if (path === undefined || path.length < length) return false;
  for (let index = 0; index < length; index += 1) if (path[index] !== start[index]) return false;
  return true;
}
