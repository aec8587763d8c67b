import { createHmac } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { Config } from '../../config/config-schema.ts';
import { addressBlock } from '../../request/address-block.ts';
import { BoundedCache } from '../../shared/bounded-cache.ts';

type LogConfig = Config['telemetry']['logs'];

/** Replaces the value of a field, given as text. */
export type Redact = (value: string) => string;

/** Maximum number of hashes that are remembered, because most values are logged repeatedly. */
const REMEMBERED = 4_096;
const HASH_DIGITS = 16;

/** Returns the function that redacts values of each configured field. */
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

/** Returns the network of an address: `/24` for IPv4, `/48` for IPv6. Other texts are masked. */
function networkOf(address: string): string {
  if (isIPv6(address)) return `${addressBlock(address).split(':').slice(0, 3).join(':')}::/48`;
  const [a, b, c, d] = address.split('.');
  return d === undefined ? '***' : `${a}.${b}.${c}.0/24`;
}
