import { OTHER_CLIENTS, clientKey } from './client-label.ts';
import { descriptionBytes } from './signature/describe-operation.ts';
import type { OperationDescription } from './signature/describe-operation.ts';
import { addUnlisted, mergeUnlisted, noUnlistedUsage } from './unlisted-usage.ts';
import { addCounts, noRequests } from './usage-counts.ts';
import type { ClientUsage, OperationUsage, UsageSnapshot } from './usage-window.ts';

export type TotalsLimits = { readonly maxOperations: number; readonly maxBytes: number };

type Total = {
  operation: OperationDescription;
  readonly contract: string | null;
  readonly clients: Map<string, ClientUsage>;
};

/**
 * Maximum number of pairs of operation and client that are counted, as a multiple of the maximum number of
 * operations.
 */
const PAIRS_PER_OPERATION = 8;
/**
 * Share by which the limits may be exceeded before operations or clients are removed, so that they are
 * removed rarely but many at once.
 */
const SLACK = 1 / 4;

/**
 * Sums usage counts over time or over several processes, in bounded memory. If there are too many operations,
 * the rarest are counted by schema coordinates only. If there are too many pairs of operation and client, the
 * clients of the rarest pairs are counted together as `(other)`.
 */
export class UsageTotals {
  readonly #limits: TotalsLimits;
  readonly #operations = new Map<string, Total>();
  #unlisted = noUnlistedUsage();
  #from: number | undefined;
  #to = 0;
  #bytes = 0;
  #pairs = 0;

  constructor(limits: TotalsLimits) {
    this.#limits = limits;
  }

  get isEmpty(): boolean {
    return this.#operations.size === 0 && this.#unlisted.requests === 0;
  }

  add({ from, to, operations, unlisted }: UsageSnapshot): void {
    this.#from = Math.min(this.#from ?? from, from);
    this.#to = Math.max(this.#to, to);
    for (const usage of operations) this.#addOperation(usage);
    mergeUnlisted(this.#unlisted, unlisted);
    this.#removeRarest();
  }

  /**
   * Returns the sums. The next call of `add` changes the returned object, so callers must use it before that.
   */
  snapshot(): UsageSnapshot {
    return {
      from: this.#from ?? this.#to,
      to: this.#to,
      operations: [...this.#operations.values()].map((total) => ({
        ...total,
        clients: [...total.clients.values()],
      })),
      unlisted: this.#unlisted,
    };
  }

  /** Returns the sums and starts again from zero. */
  take(): UsageSnapshot {
    const snapshot = this.snapshot();
    this.#operations.clear();
    this.#unlisted = noUnlistedUsage();
    this.#from = undefined;
    this.#bytes = 0;
    this.#pairs = 0;
    return snapshot;
  }

  #addOperation({ operation, contract, clients }: OperationUsage): void {
    const key = `${operation.signature} ${contract ?? ''}`;
    let total = this.#operations.get(key);
    if (total === undefined) {
      total = { operation, contract, clients: new Map() };
      this.#operations.set(key, total);
      this.#bytes += descriptionBytes(operation);
    } else {
      this.#bytes += descriptionBytes(operation) - descriptionBytes(total.operation);
      total.operation = operation;
    }
    for (const client of clients) this.#pairs += addClient(total.clients, client);
  }

  #removeRarest(): void {
    const { maxOperations, maxBytes } = this.#limits;
    const factor = 1 + SLACK;
    if (this.#operations.size > maxOperations * factor || this.#bytes > maxBytes * factor)
      this.#removeRarestOperations();
    if (this.#pairs > PAIRS_PER_OPERATION * maxOperations * factor) this.#mergeRarestClients();
  }

  #removeRarestOperations(): void {
    const { maxOperations, maxBytes } = this.#limits;
    const byRequests = [...this.#operations]
      .map(([key, total]) => ({ key, total, requests: requestsOf(total) }))
      .toSorted((a, b) => a.requests - b.requests);
    for (const { key, total } of byRequests) {
      if (this.#operations.size <= maxOperations && this.#bytes <= maxBytes) return;
      for (const { counts } of total.clients.values()) addUnlisted(this.#unlisted, total.operation, counts);
      this.#operations.delete(key);
      this.#bytes -= descriptionBytes(total.operation);
      this.#pairs -= total.clients.size;
    }
  }

  #mergeRarestClients(): void {
    const byRequests = [...this.#operations.values()]
      .flatMap(({ clients }) => [...clients].map(([key, client]) => ({ clients, key, client })))
      .filter(({ key }) => key !== OTHER_KEY)
      .toSorted((a, b) => a.client.counts.requests - b.client.counts.requests);
    for (const { clients, key, client } of byRequests) {
      if (this.#pairs <= PAIRS_PER_OPERATION * this.#limits.maxOperations) return;
      clients.delete(key);
      this.#pairs += addClient(clients, { ...client, ...OTHER_CLIENTS }) - 1;
    }
  }
}

const OTHER_KEY = clientKey(OTHER_CLIENTS);

/**
 * Adds the counts of a client to an operation. Returns 1 if the operation did not have this client yet,
 * otherwise 0.
 */
function addClient(clients: Map<string, ClientUsage>, added: ClientUsage): number {
  const key = clientKey(added);
  const known = clients.get(key);
  const sum = known?.counts ?? noRequests(added.counts.firstSeen);
  addCounts(sum, added.counts);
  if (known !== undefined) return 0;
  clients.set(key, { name: added.name, version: added.version, counts: sum });
  return 1;
}

function requestsOf({ clients }: Total): number {
  let requests = 0;
  for (const { counts } of clients.values()) requests += counts.requests;
  return requests;
}
