import type { IncomingHttpHeaders } from 'node:http';

/** Name and version of a client, as its request headers state them. */
export type ClientLabel = {
  /** Name that the client sends; `(unidentified)` if it sends none. */
  readonly name: string;
  readonly version: string | null;
};

const UNIDENTIFIED = '(unidentified)';

/** Common name for the clients that are not counted separately, because there are too many. */
export const OTHER_CLIENTS: ClientLabel = { name: '(other)', version: null };

const NAMES = ['apollographql-client-name', 'graphql-client-name'] as const;
const VERSIONS = ['apollographql-client-version', 'graphql-client-version'] as const;

/** Maximum number of characters that are recorded of a client's name or version. */
const MAX_CHARACTERS = 128;

/** Reads name and version of the client from the headers of a request. */
export function clientLabelOf(headers: IncomingHttpHeaders): ClientLabel {
  return { name: firstOf(headers, NAMES) ?? UNIDENTIFIED, version: firstOf(headers, VERSIONS) };
}

/**
 * Returns name and version of the client for logs and metrics; each is undefined if the client does not send
 * it.
 */
export function namedClient(headers: IncomingHttpHeaders): {
  readonly clientName?: string;
  readonly clientVersion?: string;
} {
  const [name, version] = [firstOf(headers, NAMES), firstOf(headers, VERSIONS)];
  return { ...(name !== null && { clientName: name }), ...(version !== null && { clientVersion: version }) };
}

/** Returns a key for a client. Clients with different names or versions have different keys. */
export function clientKey({ name, version }: ClientLabel): string {
  // A line break separates name and version, because header values cannot contain line breaks.
  return `${name}\n${version ?? ''}`;
}

function firstOf(headers: IncomingHttpHeaders, names: readonly string[]): string | null {
  for (const name of names) {
    const value = headers[name];
    if (typeof value === 'string' && value !== '') return value.slice(0, MAX_CHARACTERS);
  }
  return null;
}
