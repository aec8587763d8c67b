import type { IncomingHttpHeaders } from 'node:http';

/** Name and version of a client, as it sends them. */
export type ClientLabel = {
  /** `(unidentified)` if the client sends no name. */
  readonly name: string;
  readonly version: string | null;
};

const UNIDENTIFIED = '(unidentified)';

/** Name under which the requests of clients are counted for which there is no room. */
export const OTHER_CLIENTS: ClientLabel = { name: '(other)', version: null };

const NAMES = ['apollographql-client-name', 'graphql-client-name'] as const;
const VERSIONS = ['apollographql-client-version', 'graphql-client-version'] as const;

/** Maximum number of characters that are recorded of a client's name or version. */
const MAX_CHARACTERS = 128;

/** Reads name and version of the client from the headers of a request. */
export function clientLabelOf(headers: IncomingHttpHeaders): ClientLabel {
  return { name: firstOf(headers, NAMES) ?? UNIDENTIFIED, version: firstOf(headers, VERSIONS) };
}

/** Returns name and version of the client for logs and metrics, as far as it sends them. */
export function namedClient(headers: IncomingHttpHeaders): {
  readonly clientName?: string;
  readonly clientVersion?: string;
} {
  const [name, version] = [firstOf(headers, NAMES), firstOf(headers, VERSIONS)];
  return { ...(name !== null && { clientName: name }), ...(version !== null && { clientVersion: version }) };
}

/** Returns a key that is equal for equal labels only. */
export function clientKey({ name, version }: ClientLabel): string {
  // Header values have no line breaks.
  return `${name}\n${version ?? ''}`;
}

function firstOf(headers: IncomingHttpHeaders, names: readonly string[]): string | null {
  for (const name of names) {
    const value = headers[name];
    if (typeof value === 'string' && value !== '') return value.slice(0, MAX_CHARACTERS);
  }
  return null;
}
