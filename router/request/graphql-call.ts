import type { RouterError } from '../shared/errors.ts';

/**
 * A GraphQL request with its document, even if the client sent only the hash or id of a persisted operation.
 */
export type GraphqlCall = {
  readonly query: string;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  /**
   * Creates the error for an unknown hash or id of a persisted operation; undefined if the client sent the
   * document itself. The `cause` is not shown to the client.
   */
  readonly notFound?: (cause?: Error) => RouterError;
};
