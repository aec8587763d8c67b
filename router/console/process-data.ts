import { printSchema } from 'graphql';
import type { GraphQLSchema } from 'graphql';
import type { OperatorAccess } from '../admin/admin-server.ts';
import type { Authenticator } from '../authentication/authenticate.ts';
import { claimedCaller } from '../authentication/claimed-caller.ts';
import type { Config } from '../config/config-schema.ts';
import type { PersistedOperations } from '../persisted-operations/persisted-operations.ts';
import { addressBlock } from '../request/address-block.ts';
import { RouterError } from '../shared/errors.ts';
import type { Lease } from '../supergraph/leases.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { SupergraphStatus } from '../telemetry/supergraph-status.ts';
import type { SchemaResult, StateResult } from './api-types.ts';
import { createSchemaDescription } from './describe-schema.ts';
import { describeConfig } from './describe-config.ts';
import type { EventLog } from './event-log.ts';
import type { RunQuery, ProcessResults, ProcessQueries, QueryName } from './process-queries.ts';
import type { LiveSeries } from './live-series.ts';
import type { RequestRing } from './request-ring.ts';
import type { SchemaVersions } from './schema-versions.ts';

export type ProcessDataParts = {
  readonly status: () => SupergraphStatus;
  readonly unready: () => readonly string[];
  readonly state: () => StateResult[number];
  /** Returns a lease that keeps the active schemas in use; undefined before the first supergraph. */
  readonly acquire: () => Lease<ServedSchemas> | undefined;
  readonly manifests: PersistedOperations['manifests'];
  /** Returns the running configuration. */
  readonly config: () => Config;
  readonly events: Pick<EventLog, 'list'>;
  readonly versions: SchemaVersions;
  readonly requests: Pick<RequestRing, 'list' | 'find'>;
  readonly series: Pick<LiveSeries, 'steps'>;
  readonly authenticator: Pick<Authenticator, 'authenticate'>;
  readonly audit: Telemetry['audit'];
};

type ServedSchemas = {
  readonly graph: { readonly id: string; readonly supergraphSdl: string };
  readonly contractSchemas: ReadonlyMap<string, GraphQLSchema>;
};

type Results = {
  readonly [Name in QueryName]: (
    query: ProcessQueries[Name],
  ) => ProcessResults[Name] | Promise<ProcessResults[Name]>;
};

/** Creates the function that runs queries of the console about this process. */
export function createProcessData(parts: ProcessDataParts): RunQuery {
  const describeSchema = createSchemaDescription();

  function schema(version: string | undefined): SchemaResult | undefined {
    using lease = parts.acquire();
    if (lease === undefined) return undefined;
    const { graph, contractSchemas } = lease.generation;
    const isActive = version === undefined || version === graph.id;
    const sdl = isActive ? graph.supergraphSdl : parts.versions.sdlOf(version);
    if (sdl === undefined) return undefined;
    const id = version ?? graph.id;
    return {
      version: id,
      ...describeSchema(id, sdl),
      contracts: isActive
        ? [...contractSchemas].map(([name, contract]) => ({ name, api: printSchema(contract) }))
        : [],
      versions: parts.versions.list(),
    };
  }

  const results: Results = {
    overview: () => ({ supergraph: activeOf(parts.status()), health: healthOf(parts.unready()) }),
    state: () => parts.state(),
    schema: ({ version }) => schema(version),
    manifest: () =>
      parts
        .manifests()
        .flatMap(({ client, manifest }) => manifest.list.map((operation) => ({ ...operation, client }))),
    history: () => parts.events.list(),
    requests: (filter) => parts.requests.list(filter),
    request: ({ id }) => parts.requests.find(id),
    series: ({ minutes }) => parts.series.steps(minutes),
    config: () => describeConfig(parts.config()),
    operator: (query) => auditedOperator(query, parts),
  };
  return async (name, query) => results[name](query);
}

function activeOf({ serving }: SupergraphStatus): ProcessResults['overview']['supergraph'] {
  return serving && { id: serving.version, since: serving.since, source: serving.source };
}

function healthOf(reasons: readonly string[]): ProcessResults['overview']['health'] {
  return { ready: reasons.length === 0, reasons };
}

/** Checks an operator's token and returns the result. A rejected token is recorded in the audit log. */
async function auditedOperator(
  query: ProcessQueries['operator'],
  parts: ProcessDataParts,
): Promise<OperatorAccess> {
  const result = await checkOperator(query, parts);
  if (result.kind === 'rejected') {
    const { code, message: reason } = result;
    parts.audit(query.address, undefined, () => ({
      msg: 'console access denied',
      clientIp: query.address,
      code,
      reason,
      who: claimedCaller([query.token], { code }, parts.config().authentication),
    }));
  }
  return result;
}

async function checkOperator(
  { token, address, role }: ProcessQueries['operator'],
  { authenticator, config }: Pick<ProcessDataParts, 'authenticator' | 'config'>,
): Promise<OperatorAccess> {
  if (config().authentication.issuers.length === 0)
    return forbidden(
      'the admin port requires a token, but `authentication.issuers` is empty; add an issuer or set `console.role: false`',
    );
  try {
    if (token === '') throw new RouterError('UNAUTHENTICATED', `send a token with the role ${role}`);
    const identity = await authenticator.authenticate([`Bearer ${token}`], addressBlock(address));
    if (identity.kind === 'user' && identity.roles.includes(role))
      return { kind: 'accepted', user: `${identity.issuer} ${identity.id}` };
    return forbidden(`the token does not have the role ${role}`);
  } catch (error) {
    if (!(error instanceof RouterError)) throw error;
    const { code, status, publicMessage: message, headers } = error;
    return { kind: 'rejected', code, status, message, headers };
  }
}

function forbidden(message: string): OperatorAccess {
  return { kind: 'rejected', code: 'FORBIDDEN', status: 403, message, headers: {} };
}
