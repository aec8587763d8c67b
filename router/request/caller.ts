import type { ErrorBehavior } from '../shared/graphql/error-behavior.ts';
import type { ClientRequest } from './client-request.ts';
import type { Identity } from './identity.ts';

/** A client request with the identity of its sender and its error behavior: known before any stage that reads the operation. */
export type Caller = {
  readonly request: ClientRequest;
  readonly identity: Identity;
  readonly onError: ErrorBehavior;
};
