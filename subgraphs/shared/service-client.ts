import type { Logger } from 'pino';
import { Agent, fetch } from 'undici';
import { dependencyUnavailable } from './errors.ts';
import type { InboundRequest } from './inbound-request.ts';
import { ServiceBreaker } from './service-breaker.ts';
import type { TlsSettings } from './settings.ts';
import { signIdentity, type IdentityKey } from './sign.ts';

/** What a call to another subgraph comes back with; transport failures are thrown as UNAVAILABLE. */
type ServiceAnswer = {
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
  /** What the call is made for: its ids and its deadline apply to the call. */
  readonly inbound: InboundRequest;
};

export type ServiceClientOptions = {
  /** The calling subgraph, which the callee sees in `X-Service-Name`. */
  readonly caller: string;
  /** The caller's own key: the called service accepts it for no other caller. */
  readonly key: IdentityKey;
  readonly now: () => number;
  /** What is shown to services that are called by `https`, and whom of them to trust. */
  readonly tls?: TlsSettings | null;
  readonly timeoutMs?: number;
  readonly log: Logger;
  /** Never runs backwards, in milliseconds. */
  readonly monotonic?: () => number;
};

export type CallService = (call: ServiceCall) => Promise<ServiceAnswer>;

const defaultTimeoutMs = 2_000;

/** Calls other subgraphs with this subgraph's own signed identity, never with the user's. */
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
      const { status, answer } = await send(call, timeoutMs, { ...options, dispatcher });
      breaker.settle(status >= 500 ? 'failure' : 'success');
      return answer;
    } catch (error) {
      // A call that had little time proves nothing by being late.
      breaker.settle(isTimeout(error) && timeoutMs < ownMs / 2 ? 'ignored' : 'failure');
      throw dependencyUnavailable(call.audience, error);
    }
  };
}

type Sending = ServiceClientOptions & { readonly dispatcher: Agent | null };

async function send(
  call: ServiceCall,
  timeoutMs: number,
  options: Sending,
): Promise<{ readonly status: number; readonly answer: ServiceAnswer }> {
  const body = JSON.stringify({ query: call.query, variables: call.variables });
  const response = await fetch(call.url, {
    method: 'POST',
    headers: { ...headersOf(call, body, options), 'x-request-timeout-ms': String(timeoutMs) },
    body,
    // A redirect would carry the identity to wherever it points.
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
    ...(options.dispatcher !== null && { dispatcher: options.dispatcher }),
  });
  return { status: response.status, answer: readAnswer(await response.json()) };
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

function agentOf(tls: TlsSettings | null): Agent | null {
  if (tls === null) return null;
  const { ca, ...own } = tls;
  return new Agent({ connect: { ...own, ...(ca !== null && { ca }) } });
}

function headersOf(call: ServiceCall, body: string, options: ServiceClientOptions): Record<string, string> {
  return {
    'content-type': 'application/json',
    ...call.inbound.passedOn,
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

function readAnswer(body: unknown): ServiceAnswer {
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
