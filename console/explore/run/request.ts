import { consoleToken } from '../../api/client.ts';
import { parametersOf } from './parameters.ts';
import type { Tab } from './workspace.ts';

const CLIENT_NAME = 'tributary-console';

/** An HTTP request as `fetch` sends it. */
export type HttpRequest = {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
};

export type OperationRequest = {
  readonly tab: Tab;
  readonly graphqlUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly token: string | undefined;
  readonly operationName: string | undefined;
  /** Plans the operation without sending anything to subgraphs. */
  readonly dryRun?: boolean;
};

/** Returns the request of an operation. Throws an error if the variables are not JSON. */
export function httpRequest(
  request: OperationRequest,
  { hash }: { readonly hash?: string } = {},
): HttpRequest {
  const { tab, graphqlUrl } = request;
  const parameters = parametersOf(request, hash);
  const headers = headersFor(request);
  if (tab.method !== 'GET')
    return {
      url: graphqlUrl,
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(parameters),
    };
  const search = new URLSearchParams(
    Object.entries(parameters).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  );
  return {
    url: `${graphqlUrl}?${search.toString()}`,
    method: 'GET',
    headers: { 'apollo-require-preflight': 'true', ...headers },
  };
}

/** The request for a persisted operation that the router does not know yet: hash and document. */
export function registrationRequest(request: OperationRequest, hash: string): HttpRequest {
  const body = { ...parametersOf(request, hash), query: request.tab.query };
  return { ...httpRequest(request, { hash }), body: JSON.stringify(body) };
}

function headersFor({ tab, headers, token, dryRun }: OperationRequest): Readonly<Record<string, string>> {
  const operator = consoleToken();
  return {
    accept: 'application/graphql-response+json, application/json;q=0.9',
    'apollographql-client-name': tab.clientName || CLIENT_NAME,
    'tributary-trace': 'true',
    'apollo-expose-query-plan': dryRun ? 'dry-run' : 'true',
    'x-cost': 'report',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...(operator !== null && { 'tributary-console-token': operator }),
    ...headers,
  };
}

/** Reads the text of the headers editor: a JSON object, or lines of `name: value`. */
export function parseHeaders(text: string): Readonly<Record<string, string>> {
  const lines = text.split('\n').map((line) => line.trim());
  const pairs = lines
    .filter((line) => line.includes(':') && !line.startsWith('#'))
    .map((line) => [
      line.slice(0, line.indexOf(':')).trim().toLowerCase(),
      line.slice(line.indexOf(':') + 1).trim(),
    ]);
  return Object.fromEntries(pairs.filter(([name, value]) => name !== '' && value !== ''));
}

export async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const OWN_HEADERS = new Set([
  'tributary-trace',
  'apollo-expose-query-plan',
  'x-cost',
  'tributary-console-token',
]);

/** Returns a command for a shell. The token is a variable of the shell, so that it can be pasted anywhere. */
export function curlCommand(request: OperationRequest): string {
  const { url, method, headers, body } = httpRequest(request);
  const absolute = new URL(url, window.location.href).href;
  const sent = Object.entries(headers).filter(([name]) => !OWN_HEADERS.has(name));
  return [
    `curl ${quoted(absolute)}${method === 'GET' ? '' : ' -X POST'}`,
    ...sent.map(([name, value]) =>
      name === 'authorization' ? '-H "authorization: Bearer $TOKEN"' : `-H ${quoted(`${name}: ${value}`)}`,
    ),
    ...(body === undefined ? [] : [`--data ${quoted(body)}`]),
  ].join(' \\\n  ');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
