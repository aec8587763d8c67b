import { parseExactJson } from '../shared/exact-json.ts';
import { isRecord } from '../shared/is-record.ts';
import type { ClientRequest } from '../request/client-request.ts';

/** A GraphQL request's meaning, from the body of a POST or the search parameters of a GET. */
export type GraphqlCall = {
  readonly query: string | undefined;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>>;
  /** `extensions.persistedQuery`, unchecked; undefined where there is none. */
  readonly persisted: unknown;
};

type Fields = Readonly<Record<'query' | 'operationName' | 'variables' | 'extensions', unknown>>;

/** Reads a plain call; undefined where anything is unusual about it. Empty strings and nulls count as absent. */
export function readCall(request: ClientRequest): GraphqlCall | undefined {
  const fields = request.method === 'POST' ? request.body : fieldsIn(request.search);
  if (!isRecord(fields)) return undefined;
  const { variables = null, extensions = null } = fields;
  const query = absentIfEmpty(fields['query']);
  const operationName = absentIfEmpty(fields['operationName']);
  if (query !== null && typeof query !== 'string') return undefined;
  if (operationName !== null && typeof operationName !== 'string') return undefined;
  if ((variables !== null && !isRecord(variables)) || (extensions !== null && !isRecord(extensions)))
    return undefined;
  return {
    query: query ?? undefined,
    operationName: operationName ?? undefined,
    variables: variables ?? {},
    persisted: extensions?.['persistedQuery'] ?? undefined,
  };
}

function absentIfEmpty(member: unknown): unknown {
  return member === '' ? null : (member ?? null);
}

/**
 * The request without members that mean nothing: null, or the empty string (GraphQL over HTTP: the same as absent).
 * Apollo Server rejects some of them.
 */
export function withoutEmptyMembers(request: ClientRequest): ClientRequest {
  if (request.method === 'GET') return { ...request, search: withoutEmptyParameters(request.search) };
  if (!isRecord(request.body)) return request;
  const members = Object.entries(request.body).filter(
    ([name, value]) => value !== null && !(value === '' && (name === 'query' || name === 'operationName')),
  );
  return { ...request, body: Object.fromEntries(members) };
}

function withoutEmptyParameters(search: string): string {
  const parameters = new URLSearchParams(search);
  const isEmpty = (name: string, value: string) =>
    value === '' || ((name === 'variables' || name === 'extensions') && value.trim() === 'null');
  const kept = [...parameters].filter(([name, value]) => !isEmpty(name, value));
  return kept.length === parameters.size ? search : `?${new URLSearchParams(kept).toString()}`;
}

/** The request with a document in place of its hash. */
export function withQuery(request: ClientRequest, query: string): ClientRequest {
  if (request.method === 'GET') return { ...request, search: searchWith(request.search, query) };
  const { extensions: given, ...body } = isRecord(request.body) ? request.body : {};
  const extensions = withoutPersisted(given);
  // Apollo Server takes a member that is there and undefined for a mistake.
  return { ...request, body: { ...body, query, ...(extensions && { extensions }) } };
}

function searchWith(search: string, query: string): string {
  const parameters = new URLSearchParams(search);
  parameters.set('query', query);
  const extensions = withoutPersisted(parseJson(parameters.get('extensions')));
  if (extensions === undefined) parameters.delete('extensions');
  else parameters.set('extensions', JSON.stringify(extensions));
  return `?${parameters.toString()}`;
}

function withoutPersisted(extensions: unknown): Record<string, unknown> | undefined {
  if (!isRecord(extensions)) return undefined;
  const { persistedQuery: _, ...rest } = extensions;
  return Object.keys(rest).length === 0 ? undefined : rest;
}

function fieldsIn(search: string): Fields | undefined {
  const parameters = new URLSearchParams(search);
  // Who reads the first and who the last of two would see different requests.
  const names = [...parameters.keys()];
  if (new Set(names).size !== names.length) return undefined;
  return {
    query: parameters.get('query'),
    operationName: parameters.get('operationName'),
    variables: parseJson(parameters.get('variables'), parseExactJson),
    extensions: parseJson(parameters.get('extensions')),
  };
}

/** Returns null for an absent or empty text, and the text itself when it is not JSON. */
function parseJson(text: string | null, parse: (text: string) => unknown = JSON.parse): unknown {
  if (text === null || text === '') return null;
  try {
    return parse(text);
  } catch {
    return text;
  }
}
