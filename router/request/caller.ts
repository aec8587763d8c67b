import type { ErrorBehavior } from '../shared/graphql/error-behavior.ts';
import type { ClientRequest } from './client-request.ts';
import type { Identity } from './identity.ts';

/**
 * A client request with everything that is known before its operation is read: the identity of the caller and
 * the error behavior.
 */
export type Caller = {
  readonly request: ClientRequest;
  readonly identity: Identity;
  readonly onError: ErrorBehavior;
};

/** Data of a caller by which rate limits and the planning queue distinguish callers. */
export type Payer = {
  readonly identity: Identity;
  /** Address of the client, as returned by `ClientAddress`. */
  readonly address: string;
};

/** Returns the caller as rate limits identify it. */
export function payerOf({ identity, request }: Caller): Payer {
  return { identity, address: request.address };
}
