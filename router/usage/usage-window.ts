import { AdmissionTable } from './admission-table.ts';
import { OTHER_CLIENTS, clientKey } from './client-label.ts';
import type { ClientLabel } from './client-label.ts';
import { descriptionBytes } from './signature/describe-operation.ts';
import type { OperationDescription } from './signature/describe-operation.ts';
import { addUnlisted, noUnlistedUsage } from './unlisted-usage.ts';
import type { UnlistedUsage } from './unlisted-usage.ts';
import { countRequest, noRequests } from './usage-counts.ts';
import type { FinishedRequest, UsageCounts } from './usage-counts.ts';

export type ClientUsage = ClientLabel & { readonly counts: UsageCounts };

/** Counts of one operation in one graph, by client. */
export type OperationUsage = {
  readonly operation: OperationDescription;
  /** Contract (part of the graph for some clients) that the requests were for; null for the whole graph. */
  readonly contract: string | null;
  readonly clients: readonly ClientUsage[];
};

/** All usage counts of a period. `from` and `to` are in milliseconds since 1970. */
export type UsageSnapshot = {
  readonly from: number;
  readonly to: number;
  readonly operations: readonly OperationUsage[];
  readonly unlisted: UnlistedUsage;
};

export type UsageLimits = {
  readonly maxOperations: number;
  readonly maxClients: number;
  readonly maxBytes: number;
};

/** A finished request with its operation and client. */
export type RecordedRequest = FinishedRequest & {
  readonly operation: OperationDescription;
  readonly contract: string | undefined;
  readonly client: ClientLabel;
};

/** Counts the requests of the current time window by operation and client, in bounded memory. */
export type UsageWindow = {
  readonly count: (request: RecordedRequest) => void;
  /** Returns the counts of the current time window, and begins the next window. */
  readonly take: () => UsageSnapshot;
};

type Counted = {
  /**
   * The newest description of the operation. It can change with the supergraph, for example if an input type
   * of its variables gets another field.
   */
  operation: OperationDescription;
  readonly contract: string | null;
  clients: Map<string, ClientUsage>;
};

/**
 * Number of time windows, of 20 s each, for which an operation or client is kept without requests: an hour in
 * all.
 */
const KEEP_WINDOWS = 180;
/**
 * Maximum number of pairs of operation and client that are counted in a time window, as a multiple of the
 * maximum number of operations.
 */
const PAIRS_PER_OPERATION = 4;
/**
 * Share of the pairs of operation and client that is reserved for new clients: those without requests in
 * earlier time windows.
 */
const UNKNOWN_PART = 1 / 4;

export function createUsageWindow(
  { maxOperations, maxClients, maxBytes }: UsageLimits,
  { now }: { readonly now: () => number },
): UsageWindow {
  const operations = new AdmissionTable<Counted>(
    { maxEntries: maxOperations, maxBytes, keepWindows: KEEP_WINDOWS },
    (replaced) => addReplaced(unlisted, replaced),
  );
  const clients = new AdmissionTable<ClientLabel>({
    maxEntries: maxClients,
    maxBytes: Infinity,
    keepWindows: KEEP_WINDOWS,
  });
  const maxPairs = PAIRS_PER_OPERATION * maxOperations;
  let pairs = { known: 0, unknown: 0 };
  let unlisted = noUnlistedUsage();
  let from = now();

  function entryOf(operation: OperationDescription, contract: string | undefined): Counted | undefined {
    const key = contract === undefined ? operation.signature : `${operation.signature} ${contract}`;
    const known = operations.use(key);
    if (known !== undefined) known.operation = operation;
    else if (!isListable(operation)) return undefined;
    return (
      known ??
      operations.admit(key, descriptionBytes(operation), () => ({
        operation,
        contract: contract ?? null,
        clients: new Map(),
      }))
    );
  }

  function countsOf(entry: Counted, label: ClientLabel, at: number): UsageCounts {
    const key = clientKey(label);
    const client = clients.use(key) ?? clients.admit(key, 0, () => label);
    const known = client && entry.clients.get(key);
    if (known !== undefined) return known.counts;
    return client !== undefined && hasPairFor(key)
      ? addClient(entry, { key, label: client, at })
      : (entry.clients.get(OTHER_KEY)?.counts ??
          addClient(entry, { key: OTHER_KEY, label: OTHER_CLIENTS, at }));
  }

  /**
   * Reserves room to count one more operation for a client. Returns false if there is no room left: new
   * clients and clients with requests in earlier time windows have separate limits.
   */
  function hasPairFor(key: string): boolean {
    const kind = clients.isKnown(key) ? 'known' : 'unknown';
    if (pairs[kind] >= maxPairs * (kind === 'known' ? 1 - UNKNOWN_PART : UNKNOWN_PART)) return false;
    pairs[kind] += 1;
    return true;
  }

  return {
    count(request) {
      const { operation, contract, client, failed, at } = request;
      const entry = entryOf(operation, contract);
      if (entry === undefined) addUnlisted(unlisted, operation, { requests: 1, errors: failed ? 1 : 0 });
      else countRequest(countsOf(entry, client, at), request);
    },
    take() {
      const to = now();
      const snapshot = { from, to, operations: [...usedOf(operations)], unlisted };
      operations.endWindow();
      clients.endWindow();
      pairs = { known: 0, unknown: 0 };
      unlisted = noUnlistedUsage();
      from = to;
      return snapshot;
    },
  };
}

const OTHER_KEY = clientKey(OTHER_CLIENTS);

/**
 * Limits of the registry for one operation. If an operation exceeds them, the registry rejects the whole
 * batch.
 */
const MAX_NAME = 1_000;
const MAX_BODY = 1_000_000;
const MAX_COORDINATES = 20_000;

/**
 * Returns whether an operation is within the limits of the registry. Other operations are counted by their
 * coordinates only.
 */
function isListable({ name = '', body, ...used }: OperationDescription): boolean {
  const lists = [used.fields, used.arguments, used.inputFields, used.enumValues];
  return (
    name.length <= MAX_NAME &&
    body.length <= MAX_BODY &&
    lists.every(({ length }) => length <= MAX_COORDINATES)
  );
}

function addClient(
  entry: Counted,
  { key, label, at }: { readonly key: string; readonly label: ClientLabel; readonly at: number },
): UsageCounts {
  const counts = noRequests(at);
  entry.clients.set(key, { ...label, counts });
  return counts;
}

/** Yields the operations that had requests in the time window, and resets their counts. */
function* usedOf(operations: AdmissionTable<Counted>): Generator<OperationUsage> {
  for (const entry of operations.values()) {
    if (entry.clients.size === 0) continue;
    const { operation, contract, clients } = entry;
    entry.clients = new Map();
    yield { operation, contract, clients: [...clients.values()] };
  }
}

function addReplaced(unlisted: UnlistedUsage, { operation, clients }: Counted): void {
  for (const { counts } of clients.values()) addUnlisted(unlisted, operation, counts);
}
