import type { ErrorBehavior } from '../shared/graphql/error-behavior.ts';
import type { ClientRequest } from './client-request.ts';
import type { Identity } from './identity.ts';

/**
 * A client request with the identity of its caller and its error behavior. It is known before the operation
 * is read.
 */
export type Caller = {
  readonly request: ClientRequest;
  readonly identity: Identity;
  readonly onError: ErrorBehavior;
};

/** The caller as rate limits and turns in planning distinguish it. */
export type Payer = {
  readonly identity: Identity;
  /** Address of the client, as returned by `ClientAddress`. */
  readonly address: string;
};

export function payerOf({ identity, request }: Caller): Payer {
  return { identity, address: request.address };
}
