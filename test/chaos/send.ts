import { isRecord } from '../../router/shared/is-record.ts';
import { now } from './history.ts';
import type { Exchange, Outcome } from './history.ts';
import type { Operation } from './operations.ts';
import { PATIENCE_MS } from './settings.ts';

export type Sending = { readonly id: string; readonly token: string | undefined };

/** Sends an operation as its client would, and waits for what comes of it. */
export async function send(
  url: string,
  operation: Operation,
  { id, token }: Sending,
): Promise<Pick<Exchange, 'began' | 'ended' | 'outcome'>> {
  const { document: query, variables, onError, patienceMs } = operation;
  const signal = AbortSignal.timeout(patienceMs ?? PATIENCE_MS);
  const body = JSON.stringify({ query, variables, onError });
  const began = now();
  const outcome = await exchange(url, {
    method: 'POST',
    headers: headersOf(operation, { id, token }),
    body,
    signal,
  }).catch((error: unknown) => failureOf(error, { signal, isCut: patienceMs !== undefined }));
  return { began, ended: now(), outcome };
}

function headersOf({ isForged, asksForCost }: Operation, { id, token }: Sending): Record<string, string> {
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
    ...(asksForCost && { 'x-cost': 'report' }),
  };
}

async function exchange(url: string, init: RequestInit): Promise<Outcome> {
  const response = await fetch(url, init);
  const body = interned(await response.text());
  return { kind: 'answered', status: response.status, headers: Object.fromEntries(response.headers), body };
}

function failureOf(error: unknown, { signal, isCut }: { signal: AbortSignal; isCut: boolean }): Outcome {
  if (signal.aborted) return { kind: isCut ? 'cut' : 'unanswered' };
  const cause = error instanceof Error ? error.cause : undefined;
  const code = isRecord(cause) ? String(cause['code']) : '';
  return { kind: 'lost', reason: `${String(error)} ${code}`.trim() };
}

const bodies = new Map<string, string>();
const MOST_BODIES = 10_000;

/** Most answers of a long run are equal: each is kept once. */
function interned(body: string): string {
  const known = bodies.get(body);
  if (known !== undefined) return known;
  if (bodies.size < MOST_BODIES) bodies.set(body, body);
  return body;
}
