import type { ErrorBehavior } from '../shared/graphql/error-behavior.ts';
import type { ClientRequest } from './client-request.ts';
import type { Identity } from './identity.ts';

/**
 * A client request with the identity of its caller and the error behavior. Both are known before the
 * operation is read.
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
