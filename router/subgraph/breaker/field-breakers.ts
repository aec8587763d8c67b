import type { Verdict } from '../call/call.ts';
import type { CircuitBreaker, ForcedState, Permit } from './circuit-breaker.ts';

export type FieldBreakersOptions = {
  readonly windowMs: number;
  readonly maxOpenMs: number;
  readonly monotonic: () => number;
  readonly create: (coordinate: string) => CircuitBreaker;
};

/** What an outcome says of the health of a service, and which of its fields may be to blame if it is not well. */
export type Judgement = { readonly verdict: Verdict; readonly accused: readonly string[] };

export type FieldAdmission =
  | { readonly kind: 'admitted'; readonly permits: readonly FieldPermit[] }
  | { readonly kind: 'refused'; readonly heldBack: readonly Watched[] };

type FieldPermit = { readonly watched: Watched; readonly permit: Permit };

export type Watched = { readonly coordinate: string; readonly breaker: CircuitBreaker; failedAt: number };

/** More ill fields than this are an ill service. */
const MOST_WATCHED = 100;
const FREELY: FieldAdmission = { kind: 'admitted', permits: [] };

/**
 * The breakers of a subgraph's root and entity fields. A field has one from its first failure until it has been well for long,
 * so a healthy subgraph has none.
 */
export class FieldBreakers implements Disposable {
  readonly #options: FieldBreakersOptions;
  readonly #watched = new Map<string, Watched>();
  /** What the latest failures have in common: as long as there is something, it is ill and not the service. */
  #common: ReadonlySet<string> = new Set();
  #failedAt = Number.NEGATIVE_INFINITY;

  constructor(options: FieldBreakersOptions) {
    this.#options = options;
  }

  get watched(): readonly Watched[] {
    return [...this.#watched.values()];
  }

  /** Each admission must be settled once. */
  admit(coordinates: readonly string[] = []): FieldAdmission {
    if (this.#watched.size === 0) return FREELY;
    const permits: FieldPermit[] = [];
    const heldBack: Watched[] = [];
    for (const coordinate of coordinates) {
      const watched = this.#watched.get(coordinate);
      if (watched === undefined) continue;
      const permit = watched.breaker.admit();
      if (permit === undefined) heldBack.push(watched);
      else permits.push({ watched, permit });
    }
    if (heldBack.length === 0) return permits.length === 0 ? FREELY : { kind: 'admitted', permits };
    for (const { watched, permit } of permits) watched.breaker.settle(permit, 'neutral');
    return { kind: 'refused', heldBack };
  }

  /** Returns what is left to say of the service: nothing where a field is to blame. */
  settle(permits: readonly FieldPermit[], { verdict, accused }: Judgement): Verdict {
    if (accused.length > 0) return this.#accuse(permits, { verdict, accused }) ? verdict : 'neutral';
    for (const { watched, permit } of permits)
      if (verdict === 'healthy') this.#clear(watched, permit);
      else watched.breaker.settle(permit, 'neutral');
    return verdict;
  }

  force(coordinate: string, state: ForcedState): void {
    const watched = this.#watched.get(coordinate);
    if (watched !== undefined) watched.breaker.force(state);
    else if (state !== 'auto') this.#add(coordinate).breaker.force(state);
  }

  [Symbol.dispose](): void {
    for (const { breaker } of this.#watched.values()) breaker[Symbol.dispose]();
    this.#watched.clear();
  }

  /** Returns whether the service is to blame as well. */
  #accuse(permits: readonly FieldPermit[], { verdict, accused }: Judgement): boolean {
    const suspects = verdict === 'late' ? this.#mostSuspicious(accused) : accused;
    for (const { watched, permit } of permits) {
      if (suspects.includes(watched.coordinate)) this.#fail(watched, permit, verdict);
      else watched.breaker.settle(permit, accused.includes(watched.coordinate) ? 'neutral' : 'healthy');
    }
    let isTooMany = false;
    for (const coordinate of suspects) {
      if (permits.some(({ watched }) => watched.coordinate === coordinate)) continue;
      const watched = this.#watch(coordinate);
      if (watched === undefined) isTooMany = true;
      // Another call of the same time may have opened it already.
      else if (watched.breaker.state === 'closed') this.#fail(watched, watched.breaker.admit(), verdict);
    }
    return this.#isWidespread(suspects, accused) || isTooMany;
  }

  /** Of fields that are late together those that have failed most often: a call has to wait for its slowest field. */
  #mostSuspicious(accused: readonly string[]): readonly string[] {
    const suspicions = accused.map((coordinate) => this.#watched.get(coordinate)?.breaker.suspicion ?? 0);
    const most = Math.max(...suspicions);
    return accused.filter((_, index) => suspicions[index] === most);
  }

  #isWidespread(suspects: readonly string[], accused: readonly string[]): boolean {
    const isFirst = this.#now() - this.#failedAt >= this.#options.windowMs;
    this.#failedAt = this.#now();
    const shared = isFirst ? suspects : accused.filter((coordinate) => this.#common.has(coordinate));
    if (shared.length === 0) return true;
    this.#common = new Set(shared);
    return false;
  }

  #fail(watched: Watched, permit: Permit | undefined, verdict: Verdict): void {
    watched.failedAt = this.#now();
    if (permit !== undefined) watched.breaker.settle(permit, verdict);
  }

  #clear(watched: Watched, permit: Permit): void {
    watched.breaker.settle(permit, 'healthy');
    if (this.#common.size > 1) this.#common = this.#common.difference(new Set([watched.coordinate]));
    if (this.#isWell(watched)) this.#forget(watched);
  }

  #watch(coordinate: string): Watched | undefined {
    const known = this.#watched.get(coordinate);
    if (known !== undefined) return known;
    if (this.#watched.size >= MOST_WATCHED)
      for (const watched of this.watched) if (this.#isWell(watched)) this.#forget(watched);
    return this.#watched.size >= MOST_WATCHED ? undefined : this.#add(coordinate);
  }

  #add(coordinate: string): Watched {
    const breaker = this.#options.create(coordinate);
    const watched = { coordinate, breaker, failedAt: this.#now() };
    this.#watched.set(coordinate, watched);
    return watched;
  }

  /** Its next failure would be its first. */
  #isWell({ breaker, failedAt }: Watched): boolean {
    const { windowMs, maxOpenMs } = this.#options;
    if (breaker.isForced || breaker.state !== 'closed') return false;
    return this.#now() - failedAt >= Math.max(windowMs, maxOpenMs);
  }

  #forget({ coordinate, breaker }: Watched): void {
    this.#watched.delete(coordinate);
    breaker[Symbol.dispose]();
  }

  #now(): number {
    return this.#options.monotonic();
  }
}
