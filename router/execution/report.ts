import { ERRORS } from '../errors.ts';
import { blame, blameAlone, createCause, degradationsOf, errorsOf, isAlong } from './causes.ts';
import type { Cause, Degradation, ExecutionError, ResponsePath } from './causes.ts';
import type { JsonObject } from './json.ts';
import type { FetchReference } from './delivery.ts';

/** Errors that are listed one by one; what goes beyond is told in one error for each service. */
const MAX_LISTED = 500;

/** What one execution did not get, why, and where that shows in the answer. */
export class Report {
  readonly #entries: (ExecutionError | Cause)[] = [];
  readonly #reported: ResponsePath[] = [];
  readonly #failed = new Map<number, Cause>();
  readonly #lost = new Map<number, Map<JsonObject, Cause>>();
  readonly #overflow = new Map<string | undefined, Cause>();
  #overflowOfDenied: Cause | undefined;
  readonly #listsNulls: boolean;
  #nulls = 0;

  /** @param options.listsNulls each null has an error of its own, at its own path. */
  constructor({ listsNulls }: { readonly listsNulls: boolean }) {
    this.#listsNulls = listsNulls;
  }

  addCause(cause: Cause): Cause {
    this.#entries.push(cause);
    return cause;
  }

  /** A null came of it. */
  blame(cause: Cause, path: ResponsePath): void {
    if (this.#listsNulls && (this.#nulls += 1) <= MAX_LISTED) blameAlone(cause, path);
    else blame(cause, path);
  }

  /** Whether there is already what the answer will call an error. */
  hasErrors(): boolean {
    return this.#entries.some((entry) => 'path' in entry || entry.isFinal);
  }

  addError(error: ExecutionError): void {
    if (this.#entries.length < MAX_LISTED) this.#entries.push(error);
    else blame(this.#overflowOf(error.extensions.service), error.path);
  }

  /** Null stands at the path because what is there is not for who asks. */
  addDenied(path: ResponsePath): void {
    const code = 'UNAUTHORIZED_FIELD_OR_TYPE';
    const message = ERRORS[code].meaning;
    if (this.#entries.length < MAX_LISTED) {
      this.#entries.push({ message, path, extensions: { code } });
      return;
    }
    this.#overflowOfDenied ??= this.addCause(createCause({ code, message, service: undefined }));
    blame(this.#overflowOfDenied, path);
  }

  /** An error that a subgraph has reported: a null above or below its path needs no other. */
  addReported(error: ExecutionError): void {
    if (this.#reported.length < MAX_LISTED) this.#reported.push(error.path);
    this.addError(error);
  }

  isReported(path: ResponsePath): boolean {
    return this.#reported.some((reported) => isAlong(reported, path));
  }

  /** Nothing of the fetch has come, or not all that was planned. */
  failFetch(fetch: number, cause: Cause): void {
    this.#failed.set(fetch, cause);
  }

  failureOf(fetch: number): Cause | undefined {
    return this.#failed.get(fetch);
  }

  /** The fetch has brought nothing for this entity. */
  loseEntity(fetch: number, entity: JsonObject, cause: Cause): void {
    const lost = this.#lost.get(fetch);
    if (lost === undefined) this.#lost.set(fetch, new Map([[entity, cause]]));
    else lost.set(entity, cause);
  }

  /** Why a field of an object is absent that one of the fetches should have delivered. */
  explain(fetches: readonly FetchReference[], object: JsonObject): Cause | undefined {
    for (const { index } of fetches) {
      const cause = this.#lost.get(index)?.get(object) ?? this.#failed.get(index);
      if (cause !== undefined) return cause;
    }
    // The field may stand below the entity that was lost.
    for (const { index } of fetches) {
      const [cause] = this.#lost.get(index)?.values() ?? [];
      if (cause !== undefined) return cause;
    }
    return undefined;
  }

  errors(): readonly ExecutionError[] {
    const entries = [...this.#entries, ...this.#overflow.values()];
    return entries.flatMap((entry) => ('path' in entry ? [entry] : errorsOf(entry)));
  }

  degraded(): readonly Degradation[] {
    return degradationsOf(this.#entries.filter((entry): entry is Cause => !('path' in entry)));
  }

  #overflowOf(service: string | undefined): Cause {
    const known = this.#overflow.get(service);
    if (known !== undefined) return known;
    const message = `More errors than are listed. ${ERRORS.SUBGRAPH_INVALID_RESPONSE.meaning}`;
    const cause = createCause({ code: 'SUBGRAPH_INVALID_RESPONSE', message, service });
    this.#overflow.set(service, cause);
    return cause;
  }
}
