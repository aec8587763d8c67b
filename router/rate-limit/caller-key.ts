import type { Caller } from './caller-buckets.ts';
import { addressBlock } from './client-address.ts';

/** Identifies a caller within this process: a user by issuer and id, everyone else by the block of the address. */
export function callerKey({ identity, address }: Caller): string {
  return identity.kind === 'user' ? `u:${identity.issuer}\n${identity.id}` : `a:${addressBlock(address)}`;
}
