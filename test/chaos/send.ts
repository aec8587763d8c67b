import { isRecord } from '../../router/shared/is-record.ts';
import { now } from './history.ts';
import type { Exchange, Outcome } from './history.ts';
import type { Operation } from './operations.ts';
import { CLIENT_TIMEOUT_MS } from './settings.ts';

export type Sending = { readonly id: string; readonly token: string | undefined };

/** Sends an operation as its client would, and waits for the outcome. */
export async function send(
  url: string,
  operation: Operation,
  { id, token }: Sending,
): Promise<Pick<Exchange, 'began' | 'ended' | 'outcome'>> {
  const { document: query, variables, onError, abortAfterMs } = operation;
  const signal = AbortSignal.timeout(abortAfterMs ?? CLIENT_TIMEOUT_MS);
  const body = JSON.stringify({ query, variables, onError });
  const began = now();
  const outcome = await exchange(url, {
    method: 'POST',
    headers: headersOf(operation, { id, token }),
    body,
    signal,
  }).catch((error: unknown) => failureOf(error, { signal, isCut: abortAfterMs !== undefined }));
  return { began, ended: now(), outcome };
}

function headersOf({ isForged, requestsCost }: Operation, { id, token }: Sending): Record<string, string> {
  return {
    'content-type': 'application/json',
    'x-request-id': id,
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(isForged && {
      'x-user-id': 'user-4',
      'x-user-roles': 'admin',
      'x-user-tier': 'ENTERPRISE',
      'x-tenant-id': 'other',
      cookie: 'a=b',
    }),
    ...(requestsCost && { 'x-cost': 'report' }),
  };
}

async function exchange(url: string, init: RequestInit): Promise<Outcome> {
  const response = await fetch(url, init);
  const body = interned(await response.text());
  return { kind: 'received', status: response.status, headers: Object.fromEntries(response.headers), body };
}

function failureOf(error: unknown, { signal, isCut }: { signal: AbortSignal; isCut: boolean }): Outcome {
  if (signal.aborted) return { kind: isCut ? 'cut' : 'no response' };
  const cause = error instanceof Error ? error.cause : undefined;
  const code = isRecord(cause) ? String(cause['code']) : '';
  return { kind: 'lost', reason: `${String(error)} ${code}`.trim() };
}

const bodies = new Map<string, string>();
const MAX_BODIES = 10_000;

/** Stores equal bodies once, since most responses of a long run are equal. */
function interned(body: string): string {
  const known = bodies.get(body);
  if (known !== undefined) return known;
  if (bodies.size < MAX_BODIES) bodies.set(body, body);
  return body;
}
