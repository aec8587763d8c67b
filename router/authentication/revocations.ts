import type { Redis } from 'ioredis';
import type { Config } from '../config/config-schema.ts';
import type { Schedule } from '../shared/schedule.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { FetchJson } from './fetch-json.ts';
import { pollRevocationList } from './revocation-list.ts';
import { followRevocations } from './revocation-stream.ts';
import { RevokedTokens } from './revoked-tokens.ts';

export type Revocations = Disposable & {
  has(token: { readonly issuer: string; readonly tokenId: string }): boolean;
  /** Whether every source was asked once, so that a token revoked before the start is known if it can be. */
  tried(): boolean;
};

export type RevocationParts = {
  readonly now: () => number;
  readonly schedule: Schedule;
  readonly fetchJson: FetchJson;
  /** A client of its own, as it blocks; and the stream's whole key. */
  readonly stream: { readonly redis: Redis; readonly key: string } | undefined;
  readonly telemetry: Pick<Telemetry, 'revocationsChanged'>;
};

/**
 * Learns of revoked tokens from the Redis stream and from the issuers' own lists. A list rests while the stream is read, but only
 * where there is one issuer: of several, the router cannot know which of them write to the stream.
 */
export function watchRevocations(
  config: Pick<Config['authentication'], 'issuers' | 'clockToleranceS' | 'revocationPollMs'>,
  parts: RevocationParts,
): Revocations {
  const { schedule, fetchJson } = parts;
  const revoked = new RevokedTokens(parts.now, config.clockToleranceS);
  const stream =
    parts.stream && followRevocations(parts.stream.redis, parts.stream.key, { schedule, revoked });
  const unneeded = () => config.issuers.length === 1 && (stream?.live() ?? false);
  const onChanged = parts.telemetry.revocationsChanged;
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
