import type { Config } from '../config/config-schema.ts';
import type { StaleKey, StaleValue, StaleValues } from '../execution/stale/stale-values.ts';
import { parseExactJson } from '../shared/exact-json.ts';
import { BoundedTextCache } from '../shared/bounded-text-cache.ts';
import type { RedisLink } from '../redis/connect.ts';
import { createSharedTexts } from './shared-texts.ts';

export type StaleValuesParts = {
  readonly redis: RedisLink | undefined;
  /** Wall clock, in milliseconds: routers that share Redis share no other. */
  readonly now: () => number;
  /** Runs an action after the answer has gone out. */
  readonly later: (action: () => void) => void;
  /** Codes of a service's errors that say nothing but that it cannot answer. */
  readonly outageCodes: (service: string) => readonly string[];
};

/** A value that comes again within this time is not written again: under load that is most of them. */
const REFRESH_MS = 1_000;
/** How far the clocks of routers may be apart; what comes from a later future is of a clock that went wrong. */
const MAX_SKEW_MS = 10_000;
/** Longer values are lists rather than fields. */
const MAX_VALUE_LENGTH = 65_536;

/**
 * Values in this process, and in Redis where there is one, so that what one router was told all know. Each is a text: when it came,
 * a blank, and its JSON, or nothing where the service no longer says anything. Undefined where none are to be kept.
 */
export function createStaleValues(
  { stale, staleMemoryBytes }: Pick<Config['degradation'], 'stale' | 'staleMemoryBytes'>,
  { redis, now, later, outageCodes }: StaleValuesParts,
): StaleValues | undefined {
  if (Object.keys(stale).length === 0) return undefined;
  const recent = new BoundedTextCache(staleMemoryBytes);
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
      if (json.length > MAX_VALUE_LENGTH) return;
      const text = `${now()} ${json}`;
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
    // Of another version, or nobody's: as if it were not there.
    return undefined;
  }
}
