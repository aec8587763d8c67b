import type { Logger } from 'pino';
import { Agent, fetch } from 'undici';
import { dependencyUnavailable } from '../shared/errors.ts';
import type { InboundRequest } from '../shared/inbound-request.ts';
import { ServiceBreaker } from './service-breaker.ts';
import type { TlsSettings } from '../shared/settings.ts';
import type { Tracing } from '../shared/telemetry/tracing.ts';
import { signIdentity, type IdentityKey } from '../shared/sign.ts';

/** Response of another subgraph; transport failures are thrown as UNAVAILABLE. */
type ServiceResponse = {
  readonly data: Readonly<Record<string, unknown>> | null;
  readonly errors: readonly ServiceError[];
};

type ServiceError = { readonly message: string; readonly code: string };

type ServiceCall = {
  readonly url: string;
  /** The called subgraph's name in supergraph.yaml. */
  readonly audience: string;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** The request on whose behalf the call is made; its ids and deadline apply to the call. */
  readonly inbound: InboundRequest;
};

export type ServiceClientOptions = {
  /** Name of this subgraph, sent as `X-Service-Name`. */
  readonly caller: string;
  /** The caller's own key; called services accept it for this caller only. */
  readonly key: IdentityKey;
  readonly now: () => number;
  /** Certificate for calls by `https`, and the CA of called services. */
  readonly tls?: TlsSettings | null;
  readonly timeoutMs?: number;
  readonly log: Logger;
  /** Spans of the calls; undefined if they are not exported. */
  readonly tracing?: Tracing | undefined;
  /** Monotonic clock in milliseconds. */
  readonly monotonic?: (() => number) | undefined;
};

export type CallService = (call: ServiceCall) => Promise<ServiceResponse>;

const defaultTimeoutMs = 2_000;

/** Calls other subgraphs with the signed identity of this subgraph, not of the user. */
export function createServiceClient(options: ServiceClientOptions): CallService {
  const { log, timeoutMs: ownMs = defaultTimeoutMs, monotonic = () => performance.now() } = options;
  const dispatcher = agentOf(options.tls ?? null);
  const breakers = new Map<string, ServiceBreaker>();

  function breakerOf(service: string): ServiceBreaker {
    const changed = (state: string) => log.warn({ service, state }, 'circuit breaker changed');
    const breaker = breakers.get(service) ?? new ServiceBreaker({ monotonic, changed });
    breakers.set(service, breaker);
    return breaker;
  }

  return async (call) => {
    const breaker = breakerOf(call.audience);
    const timeoutMs = Math.min(ownMs, Math.floor(call.inbound.remainingMs()));
    if (timeoutMs < 1) throw dependencyUnavailable(call.audience, new Error('no time is left for the call'));
    if (!breaker.admit())
      throw dependencyUnavailable(call.audience, new Error('the circuit breaker is open'));
    try {
      const sending = { ...options, dispatcher };
      const { status, response } = await (options.tracing?.call(
        { service: call.audience, url: call.url },
        (trace) => send(call, timeoutMs, { ...sending, trace }),
      ) ?? send(call, timeoutMs, sending));
      breaker.settle(status >= 500 ? 'failure' : 'success');
      return response;
    } catch (error) {
      // A timeout below half of the usual one is no evidence of a failure.
      breaker.settle(isTimeout(error) && timeoutMs < ownMs / 2 ? 'ignored' : 'failure');
      throw dependencyUnavailable(call.audience, error);
    }
  };
}

type Sending = ServiceClientOptions & {
  readonly dispatcher: Agent | null;
  /** Trace headers of the call; undefined if it passes those of the request on. */
  readonly trace?: Readonly<Record<string, string>>;
};

async function send(
  call: ServiceCall,
  timeoutMs: number,
  options: Sending,
): Promise<{ readonly status: number; readonly response: ServiceResponse }> {
  const body = JSON.stringify({ query: call.query, variables: call.variables });
  const received = await fetch(call.url, {
    method: 'POST',
    headers: { ...headersOf(call, body, options), 'x-request-timeout-ms': String(timeoutMs) },
    body,
    // A redirect would carry the identity to wherever it points.
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
    ...(options.dispatcher !== null && { dispatcher: options.dispatcher }),
  });
  return { status: received.status, response: readResponse(await received.json()) };
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

function agentOf(tls: TlsSettings | null): Agent | null {
  if (tls === null) return null;
  const { ca, ...own } = tls;
  return new Agent({ connect: { ...own, ...(ca !== null && { ca }) } });
}

function headersOf(call: ServiceCall, body: string, options: Sending): Record<string, string> {
  return {
    'content-type': 'application/json',
    ...call.inbound.passedOn,
    ...options.trace,
    ...signIdentity({
      key: options.key,
      audience: call.audience,
      method: 'POST',
      body,
      identity: { 'x-service-name': options.caller },
      now: options.now,
    }),
  };
}

function readResponse(body: unknown): ServiceResponse {
  if (!isRecord(body) || !('data' in body || 'errors' in body)) throw new Error('not a GraphQL response');
  const errors = Array.isArray(body['errors']) ? body['errors'].filter(isRecord) : [];
  return { data: isRecord(body['data']) ? body['data'] : null, errors: errors.map(readError) };
}

function readError(error: Readonly<Record<string, unknown>>): ServiceError {
  const extensions = isRecord(error['extensions']) ? error['extensions'] : {};
  return {
    message: String(error['message']),
    code: typeof extensions['code'] === 'string' ? extensions['code'] : 'INTERNAL_SERVER_ERROR',
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
