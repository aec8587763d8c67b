import { Kind, parse } from 'graphql';
import type { DocumentNode, GraphQLSchema } from 'graphql';
import { createCoercion } from '../../router/validation/coerce-variables.ts';
import type { CoerceVariables } from '../../router/validation/coerce-variables.ts';
import { parseExactJson } from '../../router/shared/exact-json.ts';
import { compileOperation } from '../../router/execution/compile/compile.ts';
import type { CompiledOperation } from '../../router/execution/compile/compile.ts';
import type { OperationPlanner, OperationToPlan } from '../../router/planning/operation-planner.ts';

export type Compiled =
  | {
      readonly kind: 'compiled';
      readonly operation: CompiledOperation;
      coerced: CoerceVariables;
    }
  | { readonly kind: 'rejected'; readonly message: string };

export type Compile = (operation: OperationToPlan & { readonly mergesFetches: boolean }) => Compiled;

type Schemas = { readonly apiSchema: GraphQLSchema; readonly supergraphSchema: GraphQLSchema };

/** Compiles an operation as the router does. */
export function createCompile(schemas: Schemas, plan: OperationPlanner): Compile {
  return ({ document: text, operationName, overrides, mergesFetches }) => {
    const outcome = plan({ document: text, operationName, overrides });
    if (outcome.kind === 'rejected') return outcome;
    const document = parse(text);
    return {
      kind: 'compiled',
      operation: compileOperation({ ...schemas, ...outcome, document, operationName, mergesFetches }),
      coerced: coercion(schemas.apiSchema, document, operationName),
    };
  };
}

function coercion(apiSchema: GraphQLSchema, document: DocumentNode, operationName: string | undefined) {
  const operation = document.definitions.find(
    (definition) => definition.kind === Kind.OPERATION_DEFINITION && definition.name?.value === operationName,
  );
  if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error('there is no such operation');
  const coerce = createCoercion(apiSchema, operation, { hideSuggestions: false });
  // Serialized and parsed, as over HTTP.
  return (variables: Readonly<Record<string, unknown>>) =>
    coerce(parseExactJson(JSON.stringify(variables)) as typeof variables);
}
