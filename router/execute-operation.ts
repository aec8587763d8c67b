import type { Caller } from './apollo-plugin.ts';
import { executeCompiled } from './execution/execute.ts';
import type { ExecutionOutcome } from './execution/execute.ts';
import type { Send } from './execution/subgraph-call.ts';
import { identityHeaders } from './identity/signature.ts';
import type { ClientRequest } from './ingress/client-request.ts';
import type { Admitted } from './operations.ts';
import type { Telemetry } from './telemetry.ts';
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
    const context = {
      headers: { ...forwardedHeaders(request, telemetry), ...identityHeaders(identity) },
      deadline: monotonic() + deadlineMs,
    };
    return { send: (call, signal) => routes.send(call, context, signal), signal: request.signal };
  }

  async function execute(
    { operation, variables }: Admitted,
    caller: Caller,
    routes: Routes,
  ): Promise<ExecutionOutcome> {
    const compiled = await operation.compiled();
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

function forwardedHeaders(
  { id, correlationId, trace }: ClientRequest,
  telemetry: Telemetry,
): Record<string, string> {
  const traceparent = telemetry.traceparentOf(trace);
  return {
    'x-request-id': id,
    ...(correlationId === undefined ? {} : { 'x-correlation-id': correlationId }),
    ...(traceparent === undefined ? {} : { traceparent }),
  };
}
