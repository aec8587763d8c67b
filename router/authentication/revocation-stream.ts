import { ReplyError } from 'ioredis';
import type { Redis } from 'ioredis';
import { messageOf } from '../shared/error-message.ts';
import type { RevocationListParts } from './revocation-list.ts';
import type { Revocation } from './revoked-tokens.ts';

/** A Redis stream of revoked tokens that is read until it is disposed. */
export type RevocationStream = Disposable & {
  /** Returns whether the router has caught up with the stream, so that new revocations arrive at once. */
  live(): boolean;
  /** Returns whether the first read has ended, successfully or not. */
  tried(): boolean;
};

const BLOCK_MS = 1_000;
const RETRY_MS = 250;
const PAGE = 1_000;
const FIRST_ID = '0-0';

/**
 * Follows the Redis stream to which issuers add `iss`, `jti` and `exp` of revoked tokens: reads the stored
 * entries, then each new one. After a failed read it starts again with the first entry: if Redis has lost its
 * data, or another server has replaced it, the ids of new entries may be lower than those that were read. An
 * entry without `iss` revokes the token id (`jti`) for every issuer.
 */
export function followRevocations(
  redis: Redis,
  key: string,
  parts: Pick<RevocationListParts, 'schedule' | 'revoked' | 'onChanged'>,
): RevocationStream {
  let lastId = FIRST_ID;
  let live = false;
  let tried = false;
  let isRejected = false;
  const closed = new AbortController();
  let timer: Disposable | undefined;

  async function follow(): Promise<void> {
    while (!closed.signal.aborted) {
      // Stored revocations are read without waiting. When all are read, each further read waits for new ones.
      const entries = await readAfter(redis, key, { lastId, block: live });
      parts.revoked.add(entries.flatMap(({ fields }) => readRevocation(fields)));
      lastId = entries.at(-1)?.id ?? lastId;
      report(false);
      live = live || entries.length < PAGE;
      tried = tried || live;
    }
  }

  // Reports only that Redis rejects the command, for example because its user has no right to it. A lost
  // connection is reported as such.
  function report(rejected: boolean, reason?: string): void {
    if (isRejected === rejected || closed.signal.aborted) return;
    isRejected = rejected;
    parts.onChanged({
      source: key,
      state: rejected ? 'lost' : 'ready',
      ...(reason !== undefined && { reason }),
    });
  }

  function start(): void {
    if (closed.signal.aborted) return;
    follow().catch((error: unknown) => {
      if (error instanceof ReplyError) report(true, messageOf(error));
      live = false;
      tried = true;
      lastId = FIRST_ID;
      timer = parts.schedule(start, RETRY_MS);
    });
  }

  start();
  return {
    live: () => live,
    tried: () => tried,
    [Symbol.dispose]() {
      closed.abort();
      timer?.[Symbol.dispose]();
    },
  };
}

type Entry = { readonly id: string; readonly fields: readonly string[] };

async function readAfter(
  redis: Redis,
  key: string,
  { lastId, block }: { lastId: string; block: boolean },
): Promise<Entry[]> {
  const response = block
    ? await redis.xread('COUNT', PAGE, 'BLOCK', BLOCK_MS, 'STREAMS', key, lastId)
    : await redis.xread('COUNT', PAGE, 'STREAMS', key, lastId);
  return (response ?? []).flatMap(([, entries]) => entries.map(([id, fields]) => ({ id, fields })));
}

function readRevocation(fields: readonly string[]): Revocation[] {
  const value = (name: string): string | undefined => {
    const index = fields.indexOf(name);
    return index % 2 === 0 ? fields[index + 1] : undefined;
  };
  const tokenId = value('jti');
  const expiresAtS = Number(value('exp'));
  const issuer = value('iss') || undefined;
  return tokenId === undefined || !Number.isFinite(expiresAtS) ? [] : [{ tokenId, expiresAtS, issuer }];
}
