import type { Permit } from '../call/call.ts';
import type { CallOutcome } from '../call/call-result.ts';
import type { CircuitBreaker, ForcedState } from './circuit-breaker.ts';

export type FieldBreakersOptions = {
  readonly windowMs: number;
  readonly maxOpenMs: number;
  readonly monotonic: () => number;
  readonly create: (coordinate: string) => CircuitBreaker;
};

/**
 * Outcome of a call. For a failure or a timeout, `suspects` has the coordinates of the fields that may have
 * caused it. The list is empty if the cause cannot be limited to some of the fields.
 */
export type Attribution = { readonly outcome: CallOutcome; readonly suspects: readonly string[] };

/**
 * Whether the circuit breakers of the requested fields admit a call. The result contains their permits, or
 * the fields whose breakers block the call.
 */
export type FieldAdmission =
  | { readonly kind: 'admitted'; readonly permits: readonly FieldPermit[] }
  | { readonly kind: 'rejected'; readonly blockedFields: readonly TrackedField[] };

export type FieldPermit = { readonly tracked: TrackedField; readonly permit: Permit };

/** A field that has a circuit breaker of its own. */
export type TrackedField = {
  readonly coordinate: string;
  readonly breaker: CircuitBreaker;
  lastFailureAt: number;
};

/**
 * Maximum number of fields of a subgraph with a circuit breaker of their own. If more fields fail, their
 * failures count against the whole subgraph.
 */
const MAX_TRACKED_FIELDS = 100;
const ADMITTED: FieldAdmission = { kind: 'admitted', permits: [] };

/**
 * The circuit breakers of single fields of a subgraph (root fields and fields of entities). A field gets a
 * breaker at its first failure and loses it after some time without failures.
 */
export class FieldBreakers implements Disposable {
  readonly #options: FieldBreakersOptions;
  readonly #tracked = new Map<string, TrackedField>();
  /**
   * Fields that were suspected as the cause of every recent failure. As long as there is such a field,
   * failures count against fields and not against the whole subgraph.
   */
  #commonSuspects: ReadonlySet<string> = new Set();
  #lastFailureAt = Number.NEGATIVE_INFINITY;

  constructor(options: FieldBreakersOptions) {
    this.#options = options;
  }

  get tracked(): readonly TrackedField[] {
    return [...this.#tracked.values()];
  }

  /**
   * Returns the permits for a call that requests these fields, or the fields whose breakers block it. The
   * permits must be passed to `settle` once, when the call ends.
   */
  admit(coordinates: readonly string[] = []): FieldAdmission {
    if (this.#tracked.size === 0) return ADMITTED;
    const permits: FieldPermit[] = [];
    const blockedFields: TrackedField[] = [];
    for (const coordinate of coordinates) {
      const tracked = this.#tracked.get(coordinate);
      if (tracked === undefined) continue;
      const permit = tracked.breaker.admit();
      if (permit === undefined) blockedFields.push(tracked);
      else permits.push({ tracked, permit });
    }
    if (blockedFields.length === 0) return permits.length === 0 ? ADMITTED : { kind: 'admitted', permits };
    for (const { tracked, permit } of permits) tracked.breaker.settle(permit, 'ignored');
    return { kind: 'rejected', blockedFields };
  }

  /**
   * Records the outcome of a call for the fields that it requested. Returns the outcome for the breaker of
   * the whole subgraph: `ignored` if a failure counts only against fields.
   */
  settle(permits: readonly FieldPermit[], { outcome, suspects }: Attribution): CallOutcome {
    if (suspects.length > 0)
      return this.#attributeFailure(permits, { outcome, suspects }) ? outcome : 'ignored';
    for (const { tracked, permit } of permits)
      if (outcome === 'success') this.#recordSuccess(tracked, permit);
      else tracked.breaker.settle(permit, 'ignored');
    return outcome;
  }

  force(coordinate: string, state: ForcedState): void {
    const tracked = this.#tracked.get(coordinate);
    if (tracked !== undefined) tracked.breaker.force(state);
    else if (state !== 'auto') this.#add(coordinate).breaker.force(state);
  }

  [Symbol.dispose](): void {
    for (const { breaker } of this.#tracked.values()) breaker[Symbol.dispose]();
    this.#tracked.clear();
  }

  /**
   * Records a failure for the fields that may have caused it. Returns whether the failure also counts against
   * the whole subgraph.
   */
  #attributeFailure(permits: readonly FieldPermit[], { outcome, suspects }: Attribution): boolean {
    const likeliest = outcome === 'timeout' ? this.#likeliest(suspects) : suspects;
    for (const { tracked, permit } of permits) {
      if (likeliest.includes(tracked.coordinate)) this.#recordFailure(tracked, permit, outcome);
      else tracked.breaker.settle(permit, suspects.includes(tracked.coordinate) ? 'ignored' : 'success');
    }
    let isTooMany = false;
    for (const coordinate of likeliest) {
      if (permits.some(({ tracked }) => tracked.coordinate === coordinate)) continue;
      const tracked = this.#track(coordinate);
      if (tracked === undefined) isTooMany = true;
      // The field had no breaker when this call began. If concurrent calls have created and opened one since
      // then, that breaker does not need this failure.
      else if (tracked.breaker.state === 'closed')
        this.#recordFailure(tracked, tracked.breaker.admit(), outcome);
    }
    return this.#isWidespread(likeliest, suspects) || isTooMany;
  }

  /**
   * Returns the fields that most likely caused a timeout: those of the call's fields with the most
   * consecutive failures. One slow field makes the whole call slow, so the other fields may be healthy.
   */
  #likeliest(suspects: readonly string[]): readonly string[] {
    const failures = suspects.map(
      (coordinate) => this.#tracked.get(coordinate)?.breaker.consecutiveFailures ?? 0,
    );
    const maximum = Math.max(...failures);
    return suspects.filter((_, index) => failures[index] === maximum);
  }

  #isWidespread(likeliest: readonly string[], suspects: readonly string[]): boolean {
    const isFirst = this.#now() - this.#lastFailureAt >= this.#options.windowMs;
    this.#lastFailureAt = this.#now();
    const shared = isFirst
      ? likeliest
      : suspects.filter((coordinate) => this.#commonSuspects.has(coordinate));
    if (shared.length === 0) return true;
    this.#commonSuspects = new Set(shared);
    return false;
  }

  #recordFailure(tracked: TrackedField, permit: Permit | undefined, outcome: CallOutcome): void {
    tracked.lastFailureAt = this.#now();
    if (permit !== undefined) tracked.breaker.settle(permit, outcome);
  }

  #recordSuccess(tracked: TrackedField, permit: Permit): void {
    tracked.breaker.settle(permit, 'success');
    if (this.#commonSuspects.size > 1)
      this.#commonSuspects = this.#commonSuspects.difference(new Set([tracked.coordinate]));
    if (this.#isHealthy(tracked)) this.#forget(tracked);
  }

  #track(coordinate: string): TrackedField | undefined {
    const known = this.#tracked.get(coordinate);
    if (known !== undefined) return known;
    if (this.#tracked.size >= MAX_TRACKED_FIELDS)
      for (const tracked of this.tracked) if (this.#isHealthy(tracked)) this.#forget(tracked);
    return this.#tracked.size >= MAX_TRACKED_FIELDS ? undefined : this.#add(coordinate);
  }

  #add(coordinate: string): TrackedField {
    const breaker = this.#options.create(coordinate);
    const tracked = { coordinate, breaker, lastFailureAt: this.#now() };
    this.#tracked.set(coordinate, tracked);
    return tracked;
  }

  /**
   * Returns whether the breaker of a field can be removed, because its last failure was too long ago to
   * matter.
   */
  #isHealthy({ breaker, lastFailureAt }: TrackedField): boolean {
    const { windowMs, maxOpenMs } = this.#options;
    if (breaker.isForced || breaker.state !== 'closed') return false;
    return this.#now() - lastFailureAt >= Math.max(windowMs, maxOpenMs);
  }

  #forget({ coordinate, breaker }: TrackedField): void {
    this.#tracked.delete(coordinate);
    breaker[Symbol.dispose]();
  }

  #now(): number {
    return this.#options.monotonic();
  }
}
