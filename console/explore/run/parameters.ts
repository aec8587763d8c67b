import { parseExactly } from './parse-exactly.ts';

export class VariablesError extends Error {}

/** The content of a tab and the name of the operation to run. */
type Content = {
  readonly tab: { readonly query: string; readonly variables: string; readonly onError: string };
  readonly operationName: string | undefined;
};

/**
 * Returns the parameters of a GraphQL request: with the document, or with only its hash.
 * @throws {VariablesError} if the variables are not JSON
 */
export function parametersOf(
  { tab, operationName }: Content,
  hash: string | undefined,
): Readonly<Record<string, unknown>> {
  return {
    ...(hash === undefined && { query: tab.query }),
    ...(tab.variables.trim() !== '' && { variables: parseVariables(tab.variables) }),
    ...(operationName !== undefined && { operationName }),
    ...(tab.onError !== '' && { onError: tab.onError }),
    ...(hash !== undefined && { extensions: { persistedQuery: { version: 1, sha256Hash: hash } } }),
  };
}

function parseVariables(text: string): unknown {
  try {
    return parseExactly(text);
  } catch (error) {
    throw new VariablesError(`The variables are not JSON: ${error instanceof Error ? error.message : ''}`);
  }
}
