import type { Payer } from '../request/caller.ts';
import { addressBlock } from '../request/address-block.ts';

/**
 * Returns a key that identifies a caller within this process: issuer and id of a user, or the address block
 * of an anonymous caller.
 */
export function callerKey({ identity, address }: Payer): string {
  return identity.kind === 'user' ? `u:${identity.issuer}\n${identity.id}` : `a:${addressBlock(address)}`;
}
