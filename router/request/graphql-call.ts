/** A GraphQL request with its document, whether the client sent the document or its hash. */
export type GraphqlCall = {
  readonly query: string;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
};
