import type { ExecutedOperation } from './execute-operation.ts';
import type { ChargedOperation, Operation } from './operations.ts';
import type { Caller } from '../request/caller.ts';
import type { ClientResponse, RequestSummary } from '../request/client-request.ts';
import { operationResponse } from '../response/operation-response.ts';
import { degradedHeaders } from '../response/response-extensions.ts';
import { traceExtension } from '../trace/expose-trace.ts';
import type { LimitSharedCaching } from '../response/shared-caching.ts';

/** Data for the response, apart from the result of executing the operation. */
export type Responding = {
  readonly charged: ChargedOperation;
  readonly caller: Caller;
  /** Version of the supergraph. */
  readonly version: string;
  /**
   * Members of `extensions` for this caller alone. Other callers who share the result do not receive them.
   */
  readonly extensions?: object | undefined;
};

/** Writes the response of an executed operation. */
export type Respond = (executed: ExecutedOperation, responding: Responding) => ClientResponse;

/**
 * Creates the last stage of request handling: it writes the HTTP response, with headers and the request's
 * fields for the log.
 */
export function createRespond(limitSharedCaching: LimitSharedCaching): Respond {
  return ({ outcome, deduplicatedWork }, { charged, caller, version, extensions: own }) => {
    const { headers, degraded } = outcome;
    const { request } = caller;
    const trace = traceExtension(request);
    const cached = {
      authorization: request.authorization,
      isProtected: charged.operation.guard !== undefined,
    };
    return operationResponse(outcome, {
      headers: {
        'content-type': CONTENT_TYPES[request.mediaType.name],
        'cache-control': 'no-store',
        ...(headers && limitSharedCaching(headers, cached)),
        ...degradedHeaders(degraded),
        ...charged.headers,
        'x-supergraph-version': version,
      },
      summary: summaryOf({ outcome, deduplicatedWork }, { charged, caller, version }),
      extensions: own === undefined && trace === undefined ? undefined : { ...own, ...trace },
    });
  };
}

const CONTENT_TYPES = {
  'application/json': 'application/json; charset=utf-8',
  'application/graphql-response+json': 'application/graphql-response+json; charset=utf-8',
} as const;

/** Returns the response to a client that requests only the query plan, without execution of the operation. */
export function planResponse(
  extensions: object,
  { caller, operation, version }: Pick<Responding, 'caller' | 'version'> & { readonly operation: Operation },
): ClientResponse {
  return {
    status: 200,
    headers: {
      'content-type': CONTENT_TYPES[caller.request.mediaType.name],
      'cache-control': 'no-store',
      'x-supergraph-version': version,
    },
    body: `${JSON.stringify({ extensions: { ...extensions, ...traceExtension(caller.request) } })}\n`,
    summary: operationSummary(operation, caller, version),
  };
}

/**
 * Maximum length of an operation name in the log. A client may send a name that is as long as the whole
 * request.
 */
const MAX_LOGGED_NAME = 512;
/** Maximum number of error codes in a log line; a subgraph may return thousands of errors. */
const MAX_LOGGED_CODES = 50;

function summaryOf(
  { outcome: { errors, degraded }, deduplicatedWork }: ExecutedOperation,
  { charged: { operation, cost }, caller, version }: Responding,
): RequestSummary {
  return {
    ...operationSummary(operation, caller, version),
    cost,
    codes: errors.length === 0 ? undefined : codesOf(errors),
    degraded: degraded.length === 0 ? undefined : [...new Set(degraded.map(({ service }) => service))],
    deduplicatedBy: deduplicatedWork.deduplicatedBy,
    deduplicatedCalls: deduplicatedWork.deduplicatedCalls,
  };
}

function codesOf(errors: ExecutedOperation['outcome']['errors']): readonly string[] {
  return [...new Set(errors.map(({ extensions }) => extensions.code))].slice(0, MAX_LOGGED_CODES);
}

function operationSummary(
  { type, name }: Operation,
  { identity, request }: Caller,
  generation: string,
): RequestSummary {
  const user = identity.kind === 'user' ? identity : undefined;
  return {
    generation,
    graph: request.graph,
    operationType: type,
    operationName: name?.slice(0, MAX_LOGGED_NAME),
    userId: user?.id,
    userIssuer: user?.issuer,
  };
}
