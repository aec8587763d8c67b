import { RouterError } from '../shared/errors.ts';
import { parseExactJson } from '../shared/exact-json.ts';
import { isRecord } from '../shared/is-record.ts';
import type { ClientRequest } from '../request/client-request.ts';

/** Parameters of a GraphQL request, from the body of a POST or the query string of a GET. */
export type GraphqlParameters = {
  readonly query: string | undefined;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  /**
   * Value of `extensions.persistedQuery` (a hash or id instead of the document), not validated yet; undefined
   * if absent.
   */
  readonly persisted: unknown;
};

const NAMES = ['query', 'operationName', 'variables', 'extensions'] as const;

type Parameters = Readonly<Partial<Record<(typeof NAMES)[number], unknown>>>;

/**
 * Reads the parameters of a request. Null and empty strings count as absent (GraphQL over HTTP).
 * @throws {RouterError} BAD_REQUEST
 */
export function readParameters({ method, body, search }: ClientRequest): GraphqlParameters {
  const parameters = method === 'POST' ? fromBody(body) : fromSearch(search);
  return {
    query: textOf(parameters, 'query'),
    operationName: textOf(parameters, 'operationName'),
    variables: objectOf(parameters, 'variables') ?? {},
    persisted: objectOf(parameters, 'extensions')?.['persistedQuery'] ?? undefined,
  };
}

function fromBody(body: unknown): Parameters {
  if (body instanceof RouterError) throw body;
  if (isRecord(body)) return body;
  throw new RouterError(
    'BAD_REQUEST',
    Array.isArray(body)
      ? 'Several operations in one request are not supported: send one request per operation.'
      : 'The body must be a JSON object with a string "query".',
  );
}

function fromSearch(search: string): Parameters {
  const parameters = new URLSearchParams(search);
  for (const name of NAMES)
    if (parameters.getAll(name).length > 1)
      throw new RouterError('BAD_REQUEST', `The query string has "${name}" more than once.`);
  return {
    query: parameters.get('query'),
    operationName: parameters.get('operationName'),
    variables: fromJson(parameters, 'variables', parseExactJson),
    extensions: fromJson(parameters, 'extensions', JSON.parse),
  };
}

function fromJson(parameters: URLSearchParams, name: string, parse: (text: string) => unknown): unknown {
  const text = parameters.get(name);
  if (text === null || text === '') return null;
  try {
    return parse(text);
  } catch {
    throw new RouterError('BAD_REQUEST', `"${name}" in the query string is not valid JSON.`);
  }
}

function textOf(parameters: Parameters, name: 'query' | 'operationName'): string | undefined {
  const value = parameters[name] ?? '';
  if (typeof value !== 'string') throw new RouterError('BAD_REQUEST', `"${name}" must be a string.`);
  return value === '' ? undefined : value;
}

function objectOf(
  parameters: Parameters,
  name: 'variables' | 'extensions',
): Readonly<Record<string, unknown>> | undefined {
  const value = parameters[name] ?? undefined;
  if (value === undefined || isRecord(value)) return value;
  throw new RouterError('BAD_REQUEST', `"${name}" must be a JSON object.`);
}
