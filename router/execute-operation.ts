import { SpanKind } from '@opentelemetry/api';
import type { Caller } from './apollo-plugin.ts';
import { executeCompiled } from './execution/execute.ts';
import type { ExecutionOutcome } from './execution/execute.ts';
import type { Send, SubgraphRequest } from './execution/subgraph-call.ts';
import { identityHeaders } from './identity/signature.ts';
import type { ClientRequest } from './ingress/client-request.ts';
import type { Admitted } from './operations.ts';
import type { SpanDescription, Telemetry } from './telemetry.ts';
import type { Routes } from './upstream/upstream.ts';

export type ExecutionParts = {
  readonly telemetry: Telemetry;
  readonly monotonic: () => number;
  /** Time of a whole client request. */
  readonly deadlineMs: number;
};

/** What a request gives to the calls made for it. */
export type Calls = { readonly send: Send; readonly signal: AbortSignal };

/** Connects the executor with the subgraphs for one client request. */
export function createExecution(parts: ExecutionParts) {
  const { telemetry, monotonic, deadlineMs } = parts;

  function callsFor({ request, identity }: Caller, routes: Routes): Calls {
    const headers = { ...correlationHeaders(request), ...identityHeaders(identity) };
    const deadline = monotonic() + deadlineMs;
    return {
      signal: request.signal,
      send: (call, signal) =>
        telemetry.traced(subgraphSpan(call), request.trace, (trace) => {
          const traceparent = telemetry.traceparentOf(trace);
          return routes.send(
            call,
            { headers: traceparent === undefined ? headers : { ...headers, traceparent }, deadline },
            signal,
          );
        }),
    };
  }

  async function execute(
    { operation, variables }: Admitted,
    caller: Caller,
    routes: Routes,
  ): Promise<ExecutionOutcome> {
    const compiled = await telemetry.traced({ name: 'plan' }, caller.request.trace, () =>
      operation.compiled(),
    );
    const { send, signal } = callsFor(caller, routes);
    const outcome = await executeCompiled(compiled, {
      variables,
      send,
      // A mutation that has begun is carried through: half of one is worse than an answer that nobody reads.
      signal: operation.type === 'mutation' ? NEVER : signal,
    });
    for (const { service, reason } of outcome.degraded) telemetry.degraded(service, reason);
    return outcome;
  }

  return { execute, callsFor };
}

const NEVER = new AbortController().signal;

function correlationHeaders({ id, correlationId }: ClientRequest): Record<string, string> {
  return correlationId === undefined
    ? { 'x-request-id': id }
    : { 'x-request-id': id, 'x-correlation-id': correlationId };
}

function subgraphSpan({ subgraph, operation }: SubgraphRequest): SpanDescription {
  return {
    name: 'subgraph',
    kind: SpanKind.CLIENT,
    attributes: { 'graphql.operation.type': operation, 'peer.service': subgraph },
  };
}
