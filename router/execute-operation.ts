import { SpanKind } from '@opentelemetry/api';
import { asksForCost } from './admission/settle.ts';
import type { Executed, Settlement } from './admission/settle.ts';
import type { Caller } from './apollo-plugin.ts';
import type { Config } from './config-schema.ts';
import { executeCompiled } from './execution/execute.ts';
import type { ExecutionOutcome } from './execution/execute.ts';
import { shareCalls, shareExecutions } from './execution/sharing.ts';
import type { Scope } from './execution/sharing.ts';
import type { Send, SubgraphRequest } from './execution/subgraph-call.ts';
import { identityHeaders } from './identity/signature.ts';
import type { ClientRequest } from './ingress/client-request.ts';
import type { Admitted } from './operations.ts';
import type { Remarks } from './response/degradation.ts';
import type { SpanDescription, Telemetry } from './telemetry.ts';
import type { Routes } from './upstream/upstream.ts';

export type ExecutionParts = {
  readonly telemetry: Telemetry;
  readonly monotonic: () => number;
  readonly traffic: Pick<Config['traffic'], 'deadlineMs' | 'sharing'>;
  readonly settlement: Settlement;
};

/** The subgraphs of one generation, and what of its calls is under way. */
export type Connection = AsyncDisposable & {
  readonly routes: Routes;
  readonly share: (send: Send, scope: Scope) => Send;
};

/** What is answered: others who asked the same may share all but what it says of the one caller. */
export type Answerable = ExecutionOutcome & Remarks;

/** What a request gives to the calls made for it. */
export type Calls = { readonly send: Send; readonly signal: AbortSignal };

/** Connects a generation with its subgraphs. Its calls in flight are its own: another generation may route the same name elsewhere. */
export function connect(routes: Routes, { calls }: Config['traffic']['sharing']): Connection {
  return {
    routes,
    share: calls ? shareCalls() : (send) => send,
    [Symbol.asyncDispose]: () => routes[Symbol.asyncDispose](),
  };
}

/** Connects the executor with the subgraphs for one client request. */
export function createExecution({ telemetry, monotonic, traffic, settlement }: ExecutionParts) {
  const shareQuery = shareExecutions();

  function callsFor({ request, identity }: Caller, { routes, share }: Connection): Calls {
    const identified = identityHeaders(identity);
    const headers = { ...correlationHeaders(request), ...identified };
    const deadline = monotonic() + traffic.deadlineMs;
    const send: Send = (call, signal) =>
      telemetry.traced(subgraphSpan(call), request.trace, (trace) => {
        const traceparent = telemetry.traceparentOf(trace);
        return routes.send(
          call,
          { headers: traceparent === undefined ? headers : { ...headers, traceparent }, deadline },
          signal,
        );
      });
    return { send: share(send, scopeOf(identified)), signal: request.signal };
  }

  async function execute(admitted: Admitted, caller: Caller, connection: Connection): Promise<Answerable> {
    const { operation, variables } = admitted;
    const compiled = await telemetry.traced({ name: 'plan' }, caller.request.trace, () =>
      operation.compiled(),
    );
    const { send, signal } = callsFor(caller, connection);
    const run = (until: AbortSignal) => executeCompiled(compiled, { variables, send, signal: until });
    const outcome = await (operation.type === 'query' && traffic.sharing.queries
      ? shareQuery({
          operation: compiled,
          variables: JSON.stringify(variables),
          scope: scopeOf(identityHeaders(caller.identity)),
          signal,
          execute: run,
        })
      : // A mutation that has begun is carried through: half of one is worse than an answer that nobody reads.
        run(operation.type === 'mutation' ? NEVER : signal));
    for (const { service, reason } of outcome.degraded) telemetry.degraded(service, reason);
    const { identity, request } = caller;
    const executed: Executed = {
      admission: admitted,
      actualCost: compiled.actualCost,
      delivered: outcome.delivered,
      caller: { identity, address: request.address },
    };
    if (asksForCost(request.headers))
      return { ...withDenials(outcome, admitted), cost: settlement.settleAndReport(executed) };
    settlement.settleLater(executed);
    return withDenials(outcome, admitted);
  }

  return { execute, callsFor };
}

function withDenials(outcome: ExecutionOutcome, { wouldDeny }: Admitted): Answerable {
  return wouldDeny.length === 0 ? outcome : { ...outcome, authorizationErrors: wouldDeny };
}

// Subgraphs see nothing else that could change their answer: ids for tracing differ with each request and say nothing of it.
function scopeOf(identified: Readonly<Record<string, string>>): Scope {
  return JSON.stringify(identified);
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
