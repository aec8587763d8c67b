import type { ErrorBehavior } from '../shared/graphql/error-behavior.ts';
import type { ClientRequest } from './client-request.ts';
import type { Identity } from './identity.ts';

/**
 * A client request with the identity of its caller and the error behavior (`onError`). Both are known before
 * the GraphQL operation is parsed.
 */
export type Caller = {
  readonly request: ClientRequest;
  readonly identity: Identity;
  readonly onError: ErrorBehavior;
};

/** Data of a caller by which rate limits and the planning queue tell callers apart. */
export type Payer = {
  readonly identity: Identity;
  /** Address of the client itself, not of a proxy. */
  readonly address: string;
};

/** Returns the data of a caller by which rate limits and the planning queue tell callers apart. */
export function payerOf({ identity, request }: Caller): Payer {
  return { identity, address: request.address };
}
