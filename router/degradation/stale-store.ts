import type { Config } from '../config/config-schema.ts';
import type { StaleKey, StaleValue, StaleValues } from '../execution/stale/stale-values.ts';
import { parseExactJson } from '../shared/exact-json.ts';
import { BoundedTextCache } from '../shared/bounded-text-cache.ts';
import type { RedisLink } from '../redis/connect.ts';
import { createSharedTexts } from './shared-texts.ts';

export type StaleValuesParts = {
  readonly redis: RedisLink | undefined;
  /** Wall clock in milliseconds since 1970. It is the only clock that routers with a common Redis share. */
  readonly now: () => number;
  /** Runs an action after the response has been sent. */
  readonly later: (action: () => void) => void;
  /** Error codes with which a subgraph reports in its response that it is down. */
  readonly outageCodes: (service: string) => readonly string[];
  /**
   * Cache of stale values in the memory of this process; by default a new one. When the configuration
   * changes, the existing cache is passed in, so that its values are kept.
   */
  readonly recent?: BoundedTextCache;
};

/**
 * Milliseconds after a value was written during which it is not written again, even if it has changed. Under
 * load this avoids most writes. Only a deletion, and a value after a deletion, are written at once.
 */
const REFRESH_MS = 1_000;
/**
 * Maximum difference in milliseconds between the clocks of two routers. A value whose time is further in the
 * future is ignored.
 */
const MAX_SKEW_MS = 10_000;
/**
 * Maximum number of characters of a stored value. A longer value, usually a list, is not stored, and an
 * earlier value is deleted, because it is no longer the last one.
 */
const MAX_VALUE_LENGTH = 65_536;

/**
 * Creates the store of earlier field values, which replace missing values while a subgraph is down
 * (stale-if-error); undefined if `degradation.stale` is empty. Values are stored in memory and, if
 * configured, in Redis, as texts of time and JSON, such as `1700000000000 {"id":1}`. The JSON is empty if the
 * value was deleted, so that an older one is not used.
 */
export function createStaleValues(
  { stale, staleMemoryBytes }: Pick<Config['degradation'], 'stale' | 'staleMemoryBytes'>,
  { redis, now, later, outageCodes, recent = new BoundedTextCache(staleMemoryBytes) }: StaleValuesParts,
): StaleValues | undefined {
  if (Object.keys(stale).length === 0) return undefined;
  const shared = redis && createSharedTexts(redis, later);

  function dated(text: string | undefined): string | undefined {
    return text !== undefined && now() - cameAt(text) >= -MAX_SKEW_MS ? text : undefined;
  }

  function read(text: string | undefined, { maxAgeMs }: StaleKey): StaleValue | undefined {
    if (text === undefined || isGone(text)) return undefined;
    const ageMs = Math.max(now() - cameAt(text), 0);
    return ageMs <= maxAgeMs ? parsed(text.slice(text.indexOf(' ') + 1), ageMs) : undefined;
  }

  return {
    isOutage: (service, code) => typeof code === 'string' && outageCodes(service).includes(code),

    set(staleKey, representation, value) {
      const key = staleKey.id + representation;
      const known = dated(recent.get(key));
      if (
        known !== undefined &&
        isGone(known) === (value === undefined) &&
        now() - cameAt(known) < REFRESH_MS
      )
        return;
      const json = value === undefined ? '' : JSON.stringify(value);
      const text = `${now()} ${json.length > MAX_VALUE_LENGTH ? '' : json}`;
      recent.set(key, text);
      shared?.write(key, text, staleKey.maxAgeMs);
    },

    async get(staleKeys, representations) {
      const requested = staleKeys.flatMap((staleKey) =>
        representations.map((representation) => ({ staleKey, key: staleKey.id + representation })),
      );
      const own = requested.map(({ key }) => dated(recent.get(key)));
      const missing = requested.filter(({ staleKey }, index) => read(own[index], staleKey) === undefined);
      const others = missing.length === 0 ? undefined : await shared?.read(missing.map(({ key }) => key));
      for (const [key, text] of others ?? []) {
        const known = newer(dated(recent.get(key)), dated(text));
        if (known !== undefined) recent.set(key, known);
      }
      return requested.map(({ staleKey, key }, index) =>
        read(newer(own[index], dated(others?.get(key))), staleKey),
      );
    },
  };
}

function cameAt(text: string): number {
  return Number(text.slice(0, text.indexOf(' ')));
}

function isGone(text: string): boolean {
  return text.endsWith(' ');
}

function newer(one: string | undefined, other: string | undefined): string | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return cameAt(other) > cameAt(one) ? other : one;
}

function parsed(json: string, ageMs: number): StaleValue | undefined {
  try {
    return { value: parseExactJson(json), ageMs };
  } catch {
    // An entry of another version of the router may have another format, so it is ignored.
    return undefined;
  }
}
