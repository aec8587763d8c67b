import { messageOf } from '../shared/error-message.ts';
import type { Schedule } from '../shared/schedule.ts';
import type { FetchJson } from './fetch-json.ts';
import type { Revocation, RevokedTokens } from './revoked-tokens.ts';

export type RevocationListParts = {
  readonly fetchJson: FetchJson;
  readonly schedule: Schedule;
  readonly revoked: RevokedTokens;
  /** Returns true while the list need not be polled, because the Redis stream delivers its revocations. */
  readonly unneeded: () => boolean;
  readonly onChanged: (event: { source: string; state: 'ready' | 'lost'; reason?: string }) => void;
};

/** A list of revoked tokens that is polled until it is disposed. */
export type RevocationList = Disposable & {
  /** Returns whether the first poll has ended, successfully or not. */
  tried(): boolean;
};

/**
 * Polls the list of revoked tokens of an issuer: `{"revoked":[{"jti":"…","exp":1700000000}]}`. The list can
 * revoke only tokens of that issuer. After a failed poll, all revoked tokens remain revoked.
 */
export function pollRevocationList(
  { issuer, url }: { readonly issuer: string; readonly url: string },
  pollMs: number,
  parts: RevocationListParts,
): RevocationList {
  const closed = new AbortController();
  let state: 'untried' | 'ready' | 'lost' = 'untried';
  let timer: Disposable | undefined;

  async function poll(): Promise<void> {
    if (!parts.unneeded()) await fetchList();
    if (!closed.signal.aborted) timer = parts.schedule(() => void poll(), pollMs);
  }

  async function fetchList(): Promise<void> {
    try {
      const listed = readList(await parts.fetchJson(url, closed.signal));
      parts.revoked.add(listed.map((revocation) => ({ ...revocation, issuer })));
      changeTo('ready');
    } catch (error) {
      changeTo('lost', messageOf(error));
    }
  }

  // Reports success (`ready`) or failure (`lost`) of polling only when the state changes. If every poll were
  // reported, an issuer that is down would cause a log line every 500 ms.
  function changeTo(next: 'ready' | 'lost', reason?: string): void {
    if (state === next || closed.signal.aborted) return;
    state = next;
    parts.onChanged({ source: url, state, ...(reason !== undefined && { reason }) });
  }

  void poll();
  return {
    tried: () => state !== 'untried',
    [Symbol.dispose]() {
      closed.abort();
      timer?.[Symbol.dispose]();
    },
  };
}

function readList(body: unknown): Revocation[] {
  const listed: unknown =
    typeof body === 'object' && body !== null && 'revoked' in body ? body.revoked : undefined;
  if (!Array.isArray(listed)) throw new Error('the response has no list of revoked tokens');
  return listed.filter(isListed).map(({ jti, exp }) => ({ tokenId: jti, expiresAtS: exp }));
}

function isListed(value: unknown): value is { jti: string; exp: number } {
  if (typeof value !== 'object' || value === null) return false;
  return 'jti' in value && typeof value.jti === 'string' && 'exp' in value && typeof value.exp === 'number';
}
