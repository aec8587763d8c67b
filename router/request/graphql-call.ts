import type { RouterError } from '../shared/errors.ts';

/** A GraphQL request with its document, even if the client sent only a hash or an id. */
export type GraphqlCall = {
  readonly query: string;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Creates the error for an unknown hash or id. It is undefined if the client has sent the document. */
  readonly notFound?: () => RouterError;
};
