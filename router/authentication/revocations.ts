import type { Redis } from 'ioredis';
import type { Config } from '../config/config-schema.ts';
import type { Schedule } from '../shared/schedule.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { FetchJson } from './fetch-json.ts';
import { pollRevocationList } from './revocation-list.ts';
import { followRevocations } from './revocation-stream.ts';
import { RevokedTokens } from './revoked-tokens.ts';

/**
 * The sources of revoked tokens: the Redis stream and the lists of the issuers. They are read until this
 * object is disposed.
 */
export type Revocations = Disposable & {
  has(token: { readonly issuer: string; readonly tokenId: string }): boolean;
  /**
   * Returns whether the router has tried to read every source of revoked tokens. Before that it is not ready,
   * because it would accept tokens that were revoked before its start.
   */
  tried(): boolean;
};

export type RevocationParts = {
  readonly now: () => number;
  readonly monotonic: () => number;
  readonly schedule: Schedule;
  readonly fetchJson: FetchJson;
  /**
   * Key of the stream, and the Redis client that reads it. The client sends no other commands, because they
   * would wait until a read ends.
   */
  readonly stream: { readonly redis: Redis; readonly key: string } | undefined;
  readonly telemetry: Pick<Telemetry, 'revocationsChanged'>;
};

/**
 * Collects revoked tokens from the Redis stream and the lists of the issuers. With a single issuer, its list
 * is not polled while the stream is read. With several issuers all lists are polled, because the router
 * cannot know which issuers write to the stream.
 */
export function watchRevocations(
  config: Pick<Config['authentication'], 'issuers' | 'clockToleranceS' | 'revocationPollMs'>,
  parts: RevocationParts,
): Revocations {
  const { schedule, fetchJson } = parts;
  const revoked = new RevokedTokens(parts, config.clockToleranceS);
  const onChanged = parts.telemetry.revocationsChanged;
  const stream =
    parts.stream && followRevocations(parts.stream.redis, parts.stream.key, { schedule, revoked, onChanged });
  const unneeded = () => config.issuers.length === 1 && (stream?.live() ?? false);
  const lists = config.issuers.flatMap(({ issuer, revocationsUrl }) =>
    revocationsUrl === undefined
      ? []
      : [
          pollRevocationList({ issuer, url: revocationsUrl }, config.revocationPollMs, {
            fetchJson,
            schedule,
            revoked,
            unneeded,
            onChanged,
          }),
        ],
  );
  return {
    has: (token) => revoked.has(token),
    tried: () => unneeded() || ((stream?.tried() ?? true) && lists.every((list) => list.tried())),
    [Symbol.dispose]() {
      for (const source of [stream, ...lists]) source?.[Symbol.dispose]();
    },
  };
}
