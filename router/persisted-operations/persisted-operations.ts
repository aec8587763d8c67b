import type { Config } from '../config/config-schema.ts';
import { RouterError } from '../shared/errors.ts';
import type { ClientRequest } from '../request/client-request.ts';
import type { GraphqlCall } from '../request/graphql-call.ts';
import { BoundedCache } from '../shared/bounded-cache.ts';
import type { RedisLink } from '../redis/connect.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { readParameters } from './graphql-parameters.ts';
import type { GraphqlParameters } from './graphql-parameters.ts';
import { loadManifests } from './manifests.ts';
import type { Manifests } from './manifests.ts';
import type { Manifest } from './manifest.ts';
import { createRegistry, sha256Of } from './registry.ts';

/** A GraphQL request with the document to execute, even if the client sent only a hash or an id. */
export type ResolvedRequest = {
  readonly call: GraphqlCall;
  /**
   * Must be called after the operation was executed. Only then is the document of an automatic persisted
   * query registered, so that rejected documents are never stored.
   */
  readonly executed: () => void;
};

/**
 * Finds the document of a request that has only a hash or id, and rejects operations that no manifest lists
 * (safelist).
 */
export type PersistedOperations = Disposable & {
  /**
   * Finds the document of a hash or id, and rejects operations that are not on the safelist.
   * @throws {RouterError}
   */
  readonly resolve: (request: ClientRequest) => ResolvedRequest | Promise<ResolvedRequest>;
  readonly manifests: Manifests['all'];
};

export type PersistedParts = {
  readonly redis: RedisLink | undefined;
  readonly telemetry: Pick<
    Telemetry,
    'manifestLoaded' | 'manifestRejected' | 'persistedOperationAsked' | 'unlistedOperation'
  >;
};

/** Content of `extensions.persistedQuery` in Apollo's protocol for automatic persisted queries. */
type PersistedQuery = { readonly id: string };

/**
 * Creates the function that finds documents by hash (automatic persisted queries) or id (manifests), and
 * enforces the safelist.
 */
export async function createPersistedOperations(
  config: Pick<Config, 'persistedOperations'>,
  { redis, telemetry }: PersistedParts,
): Promise<PersistedOperations> {
  const { automatic, safelist, manifest: common, clients } = config.persistedOperations;
  const manifests = await loadManifests(config, telemetry);
  const registry = automatic.enabled && safelist !== 'enforce' ? createRegistry(automatic, redis) : undefined;
  const audited = new BoundedCache<PersistedQuery>(10_000);
  const hasManifests = common !== undefined || Object.keys(clients).length > 0;

  async function findById(
    { id }: PersistedQuery,
    listed: readonly Manifest[],
    graph: string | undefined,
  ): Promise<string> {
    const inManifest = firstOf(listed, (manifest) => manifest.byId(id));
    const source = inManifest ?? (isSha256(id) ? await registry?.find(id, graph) : undefined);
    telemetry.persistedOperationAsked(
      inManifest === undefined ? (source === undefined ? 'missed' : 'registered') : 'listed',
    );
    if (source !== undefined) return source;
    throw unknownId(id);
  }

  function unknownId(id: string, cause?: Error): RouterError {
    const options = cause && { cause };
    if (safelist === 'enforce')
      return new RouterError(
        'PERSISTED_QUERY_NOT_IN_LIST',
        `no operation of the manifest has the id ${id}`,
        options,
      );
    // Apollo's clients recognize this error message and then send the request again, together with the
    // document.
    if (registry !== undefined)
      return new RouterError('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound', options);
    return new RouterError('PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported', options);
  }

  /**
   * Checks the text of an operation against the safelist, and returns the document to execute: the document
   * of the manifest if the mode is `enforce`, otherwise the client's text.
   * @throws {RouterError} QUERY_NOT_IN_SAFELIST
   */
  function checkText(call: GraphqlParameters, source: string, client: string | undefined): string {
    if (safelist === 'off') return source;
    const listed = firstOf(manifests.of(client), (manifest) => manifest.byText(source));
    if (listed !== undefined) return safelist === 'enforce' ? listed : source;
    const id = sha256Of(source);
    if (audited.get(id) === undefined) {
      audited.set(id, { id });
      telemetry.unlistedOperation({
        sha256: id,
        client: client?.slice(0, 128),
        name: call.operationName?.slice(0, 128),
      });
    }
    if (safelist === 'audit') return source;
    throw new RouterError('QUERY_NOT_IN_SAFELIST');
  }

  function checkHash({ id }: PersistedQuery, source: string, listed: readonly Manifest[]): void {
    if (id === sha256Of(source)) return;
    // A `sha256Hash` that is not the hash of the text is valid if a manifest lists the text under this id,
    // because ids of a manifest need not be hashes.
    if (firstOf(listed, (manifest) => manifest.byId(id)) === source) return;
    throw new RouterError('BAD_REQUEST', 'provided sha does not match query');
  }

  function checkAutomatic({ id }: PersistedQuery): void {
    if (!isSha256(id))
      throw new RouterError(
        'BAD_REQUEST',
        'persistedQuery.sha256Hash must be 64 lower-case hexadecimal digits',
      );
    if (registry === undefined)
      throw new RouterError('PERSISTED_QUERY_NOT_SUPPORTED', 'PersistedQueryNotSupported');
  }

  // This function is not async: nearly all requests contain their document, and need not wait for a promise.
  function resolve(request: ClientRequest): ResolvedRequest | Promise<ResolvedRequest> {
    const parameters = readParameters(request);
    const { query, persisted } = parameters;
    const client = clientOf(request);
    if (persisted !== undefined)
      return resolvePersisted(parameters, readPersistedQuery(persisted), { client, graph: request.graph });
    if (query !== undefined)
      return { call: { ...parameters, query: checkText(parameters, query, client) }, executed: NOTHING };
    throw new RouterError(
      'BAD_REQUEST',
      safelist === 'enforce' ? 'send one operation, by id or in full' : 'The request has no "query".',
    );
  }

  async function resolvePersisted(
    parameters: GraphqlParameters,
    persistedQuery: PersistedQuery,
    { client, graph }: { readonly client: string | undefined; readonly graph: string | undefined },
  ): Promise<ResolvedRequest> {
    if (!hasManifests) checkAutomatic(persistedQuery);
    const listed = manifests.of(client);
    if (parameters.query === undefined) {
      const found = await findById(persistedQuery, listed, graph);
      const inManifest = firstOf(listed, (manifest) => manifest.byId(persistedQuery.id));
      const query = inManifest ?? checkText(parameters, found, client);
      const notFound = (cause?: Error) => unknownId(persistedQuery.id, cause);
      return { call: { ...parameters, query, notFound }, executed: NOTHING };
    }
    checkHash(persistedQuery, parameters.query, listed);
    const query = checkText(parameters, parameters.query, client);
    const register = () => {
      if (sha256Of(query) === persistedQuery.id) registry?.register(persistedQuery.id, query, graph);
    };
    return { call: { ...parameters, query }, executed: register };
  }

  return { resolve, manifests: manifests.all, [Symbol.dispose]: () => manifests[Symbol.dispose]() };
}

function clientOf({ headers }: ClientRequest): string | undefined {
  const name = headers['apollographql-client-name'];
  return typeof name === 'string' ? name : undefined;
}

const NOTHING = (): void => undefined;

function readPersistedQuery(persisted: unknown): PersistedQuery {
  const { version, sha256Hash } =
    persisted !== null && typeof persisted === 'object'
      ? (persisted as { version?: unknown; sha256Hash?: unknown })
      : {};
  if (version !== 1) throw new RouterError('BAD_REQUEST', 'Unsupported persisted query version');
  if (typeof sha256Hash !== 'string' || sha256Hash === '' || sha256Hash.length > 256)
    throw new RouterError('BAD_REQUEST', 'persistedQuery.sha256Hash must be a string');
  return { id: sha256Hash };
}

function isSha256(id: string): boolean {
  return /^[\da-f]{64}$/.test(id);
}

function firstOf<Item, Value>(
  items: readonly Item[],
  read: (item: Item) => Value | undefined,
): Value | undefined {
  for (const item of items) {
    const value = read(item);
    if (value !== undefined) return value;
  }
  return undefined;
}
