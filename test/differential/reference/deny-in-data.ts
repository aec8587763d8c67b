import { GraphQLError, executeSync } from 'graphql';
import type { DocumentNode, ExecutionResult, GraphQLFieldResolver, GraphQLSchema } from 'graphql';
import { ERRORS } from '../../../router/shared/errors.ts';
import type { DenialCode } from '../../../router/authorization/authorize.ts';
import type { Denials } from '../../../router/authorization/protected-schema.ts';

export type FilteredResponse = {
  readonly schema: GraphQLSchema;
  /** The client's document, including the denied fields. */
  readonly document: DocumentNode;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly denials: Denials;
  readonly denialCode: DenialCode;
  /** The response of another executor to the filtered document. */
  readonly data: unknown;
};

/**
 * Sets nulls and their errors at the denied fields of the client's document: graphql-js completes the
 * response again.
 */
export function denyInData(response: FilteredResponse): ExecutionResult {
  const { schema, document, operationName, variables, denials, data } = response;
  const fieldResolver: GraphQLFieldResolver<unknown, unknown> = (
    parent,
    _,
    __,
    { parentType, fieldName, path },
  ) => {
    if (denials.field(parentType.name, fieldName)) throw denial(response.denialCode);
    return Object(parent)[path.key];
  };
  return executeSync({
    schema,
    document,
    operationName,
    variableValues: variables,
    rootValue: data,
    fieldResolver,
    typeResolver(value) {
      const typeName: unknown = Object(value)['__typename'];
      if (typeof typeName !== 'string') return undefined;
      if (denials.type(typeName)) throw denial(response.denialCode);
      return typeName;
    },
  });
}

function denial(code: DenialCode): GraphQLError {
  return new GraphQLError(ERRORS[code].meaning, { extensions: { code } });
}
