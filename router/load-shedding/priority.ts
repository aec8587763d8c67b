import type { IncomingHttpHeaders } from 'node:http';
import type { Identity } from '../request/identity.ts';
import { isRecord } from '../shared/is-record.ts';

/**
 * For each priority, the share (0 to 1) of the limit of requests in flight that requests of this priority may
 * use. At 0.5, they are rejected if half of the limit is in use.
 */
export const SHARES = {
  anonymous_expensive: 0.4,
  anonymous: 0.6,
  expensive: 0.75,
  query: 0.9,
  mutation: 1,
  /** Used until the priority of a request is known. It may use the whole limit, like a mutation. */
  unread: 1,
} as const;

/**
 * Priority of a request. While the process is overloaded, requests with a lower priority are rejected first.
 */
export type Priority = keyof typeof SHARES;

export const LOWEST_SHARE = SHARES.anonymous_expensive;

/** Length of a body in bytes above which a request without a token counts as expensive. */
const SMALL_BYTES = 16_384;

type Head = { readonly method?: string | undefined; readonly headers: IncomingHttpHeaders };

/** Returns the highest priority that a request can have, as far as its headers show. */
export function priorityOfHead({ method, headers }: Head): Priority {
  if (headers.authorization !== undefined) return 'unread';
  if (method === 'GET') return 'anonymous';
  const length = Number(headers['content-length'] ?? Number.NaN);
  return length <= SMALL_BYTES ? 'unread' : 'anonymous_expensive';
}

/** Returns the highest priority that a request can have, as far as its headers and its body show. */
export function priorityOfBody({ authorization }: IncomingHttpHeaders, body: unknown): Priority {
  if (authorization !== undefined) return 'unread';
  const source = isRecord(body) ? body['query'] : undefined;
  return typeof source === 'string' && !isMutation(source) ? 'anonymous' : 'unread';
}

/**
 * Returns the priority of an operation that is not cached, which is expensive because it must be validated
 * and planned.
 */
export function priorityOfUnseen({ kind }: Identity, source: string | undefined): Priority {
  if (source !== undefined && isMutation(source)) return 'mutation';
  return kind === 'anonymous' ? 'anonymous_expensive' : 'expensive';
}

/** Returns the priority of an operation whose type and cost are known. */
export function priorityOfOperation(
  { kind }: Identity,
  type: 'query' | 'mutation',
  isExpensive: boolean,
): Priority {
  if (type === 'mutation') return 'mutation';
  if (kind === 'anonymous') return isExpensive ? 'anonymous_expensive' : 'anonymous';
  return isExpensive ? 'expensive' : 'query';
}

/** Looks only at the first definition: a mutation after a fragment counts as a query until it is parsed. */
function isMutation(source: string): boolean {
  return /^(?:[\s,]|#[^\n\r]*[\n\r])*mutation\b/.test(source);
}
