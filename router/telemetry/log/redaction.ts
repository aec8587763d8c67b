import { createHmac } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Config } from '../../config/config-schema.ts';
import { addressBlock } from '../../request/address-block.ts';
import { BoundedCache } from '../../shared/bounded-cache.ts';

type LogConfig = Config['telemetry']['logs'];

/** Returns the redacted value of a log field, given its value as text. */
export type Redact = (value: string) => string;

/** Maximum number of cached hashes of redacted values. Most values are logged repeatedly. */
const REMEMBERED = 4_096;
const HASH_DIGITS = 16;

/** Returns, for each log field that must be redacted, the function that redacts its value. */
export function createRedactions({ redact, hashKey = '' }: LogConfig): ReadonlyMap<string, Redact> {
  const hash = createHash(hashKey);
  const redactions: Readonly<Record<LogConfig['redact'][string], Redact>> = {
    mask: () => '***',
    hash,
    truncate: networkOf,
  };
  return new Map(Object.entries(redact).map(([field, how]) => [field, redactions[how]]));
}

function createHash(key: string): Redact {
  const known = new BoundedCache<{ readonly hash: string }>(REMEMBERED);
  return (value) => {
    const entry = known.get(value) ?? {
      hash: createHmac('sha256', key).update(value).digest('hex').slice(0, HASH_DIGITS),
    };
    known.set(value, entry);
    return entry.hash;
  };
}

/**
 * Returns the network of an IP address: `/24` for IPv4, `/48` for IPv6. Any other text is replaced entirely.
 */
function networkOf(address: string): string {
  if (isIPv6(address)) return `${addressBlock(address).split(':').slice(0, 3).join(':')}::/48`;
  const [a, b, c, d] = address.split('.');
  return d === undefined ? '***' : `${a}.${b}.${c}.0/24`;
}
