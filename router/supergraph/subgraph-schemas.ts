import { relative } from 'node:path';
import type { SubgraphSchema } from './compose.ts';
import { readTextFile } from './read-text-file.ts';
import type { SchemaSource, SubgraphEntry, SupergraphFile } from './supergraph-file.ts';

const INTROSPECTION_TIMEOUT_MS = 5_000;
const LARGEST_SDL = 5_000_000;

export type LoadedSchemas =
  | { readonly kind: 'loaded'; readonly subgraphs: readonly SubgraphSchema[] }
  | { readonly kind: 'failed'; readonly reasons: readonly string[] };

/** Loads the schema of every subgraph: from a file, from inline SDL or from the running service. */
export async function loadSubgraphSchemas({ subgraphs }: SupergraphFile): Promise<LoadedSchemas> {
  const results = await Promise.allSettled(subgraphs.map(loadSchema));
  const reasons = results.flatMap((result, index) =>
    result.status === 'rejected'
      ? [`schema of subgraph ${subgraphs[index]?.name}: ${reasonOf(result.reason)}`]
      : [],
  );
  if (reasons.length > 0) return { kind: 'failed', reasons };
  return {
    kind: 'loaded',
    subgraphs: results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : [])),
  };
}

async function loadSchema({ name, routingUrl, schema }: SubgraphEntry): Promise<SubgraphSchema> {
  return { name, url: routingUrl, sdl: await readSdl(schema), place: placeOf(schema) };
}

function placeOf(schema: SchemaSource): string {
  switch (schema.kind) {
    case 'file':
      return relative('.', schema.path);
    case 'url':
      return schema.url;
    case 'sdl':
      return 'sdl';
  }
}

function readSdl(schema: SchemaSource): Promise<string> {
  switch (schema.kind) {
    case 'file':
      return readTextFile(schema.path);
    case 'url':
      return introspect(schema);
    case 'sdl':
      return Promise.resolve(schema.sdl);
  }
}

/**
 * Returns the SDL that a running subgraph returns for the query `{ _service { sdl } }`.
 * @throws if the response contains no SDL
 */
export async function introspect({
  url,
  headers,
}: Pick<Extract<SchemaSource, { kind: 'url' }>, 'url' | 'headers'>): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ _service { sdl } }' }),
    redirect: 'error',
    signal: AbortSignal.timeout(INTROSPECTION_TIMEOUT_MS),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} returned HTTP status ${response.status}`);
  const sdl = sdlIn(parsed(text));
  if (sdl === undefined) throw new Error(`${url} returned no _service.sdl`);
  if (sdl.length > LARGEST_SDL)
    throw new Error(`${url} returned a schema of more than ${LARGEST_SDL} characters`);
  return sdl;
}

/**
 * Returns undefined for invalid JSON: an HTTP service that does not speak GraphQL may respond with any text.
 */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function sdlIn(body: unknown): string | undefined {
  const service = field(field(body, 'data'), '_service');
  const sdl = field(service, 'sdl');
  return typeof sdl === 'string' ? sdl : undefined;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.getOwnPropertyDescriptor(value, name)?.value
    : undefined;
}

/** Returns the message of an error. For a failed `fetch`, it is the message of the cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // The message of an error from `fetch` is always "fetch failed". The reason is in the error's `cause`.
  return error instanceof TypeError && error.cause instanceof Error
    ? `${error.message} (${error.cause.message})`
    : error.message;
}
