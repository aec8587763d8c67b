/** A GraphQL request with its document, even if the client sent only a hash or an id. */
export type GraphqlCall = {
  readonly query: string;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
};
