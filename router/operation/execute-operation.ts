import { SpanKind } from '@opentelemetry/api';
import type { Caller } from '../request/caller.ts';
import type { Scope } from '../request/deduplication-scope.ts';
import { asksForCost } from '../rate-limit/reconcile.ts';
import type { Executed as Spent, Settlement } from '../rate-limit/reconcile.ts';
import { denialCodeOf } from '../authorization/authorize.ts';
import type { Config } from '../config/config-schema.ts';
import { executeCompiled } from '../execution/run/execute.ts';
import type { ExecutionOutcome, ExecutionRequest } from '../execution/run/execute.ts';
import { deduplicateCalls, deduplicateExecutions } from '../execution/run/deduplication.ts';
import type { DeduplicationObserver } from '../execution/run/deduplication.ts';
import type { StaleValues } from '../execution/stale/stale-values.ts';
import type { Send, SubgraphRequest } from '../request/subgraph-request.ts';
import type { Collecting, ResponseHeaders } from '../headers/collection.ts';
import type { ForwardedOrigin } from '../headers/forwarded-origin.ts';
import type { Forwarded, createForwarding } from '../headers/forwarding.ts';
import { identityHeaders } from '../authentication/signature.ts';
import type { ClientRequest } from '../request/client-request.ts';
import { hasDeduplicatedWork } from '../request/deduplicated-work.ts';
import type { DeduplicatedWork } from '../request/deduplicated-work.ts';
import type { Admitted, Operation } from './operations.ts';
import type { Remarks } from '../response/response-extensions.ts';
import type { SpanDescription, Telemetry } from '../telemetry/telemetry.ts';
import { traceHeaders } from '../telemetry/trace-context.ts';
import type { CallContext } from '../subgraph/call/call.ts';
import type { Routes } from '../subgraph/subgraph-pool.ts';

export type ExecutionParts = {
  readonly telemetry: Telemetry;
  readonly monotonic: () => number;
  readonly traffic: Pick<Config['traffic'], 'deadlineMs' | 'deduplication'>;
  readonly settlement: Settlement;
  readonly forward: ReturnType<typeof createForwarding>;
  readonly origin: ForwardedOrigin;
  readonly collecting: Collecting | undefined;
  /** Undefined where no field's values are kept. */
  readonly staleValues: StaleValues | undefined;
  readonly subgraphErrors: Pick<ExecutionRequest, 'allowedExtensions' | 'maskErrors'>;
};

/** The subgraphs of one generation, and what of its calls is under way. */
export type SubgraphClients = AsyncDisposable & {
  readonly routes: Routes;
  readonly deduplicate: ReturnType<typeof deduplicateCalls>;
};

/** What is answered: others who asked the same may share all but what it says of the one caller. */
export type Answerable = Executed & Remarks & { readonly deduplicatedWork?: DeduplicatedWork };

type Executed = ExecutionOutcome & { readonly headers?: ResponseHeaders };

/** What a request gives to the calls made for it. */
export type Calls = { readonly send: Send; readonly signal: AbortSignal; readonly scope: Scope };

/** Connects a generation with its subgraphs. Its calls in flight are its own: another generation may route the same name elsewhere. */
export function createSubgraphClients(
  routes: Routes,
  { calls }: Config['traffic']['deduplication'],
): SubgraphClients {
  return {
    routes,
    deduplicate: calls ? deduplicateCalls() : (send) => send,
    [Symbol.asyncDispose]: () => routes[Symbol.asyncDispose](),
  };
}

/** Connects the executor with the subgraphs for one client request. */
export function createExecution(parts: ExecutionParts) {
  const {
    telemetry,
    monotonic,
    traffic,
    settlement,
    forward,
    origin,
    collecting,
    staleValues,
    subgraphErrors,
  } = parts;
  const deduplicateQuery = deduplicateExecutions<Executed>();
  const isShareable = collecting?.passesCookies !== true;

  function callsFor(
    { request, identity }: Caller,
    { routes, deduplicate }: SubgraphClients,
    operation: Operation['type'],
    deduplicatedWork: DeduplicatedWork,
  ): Calls {
    const identified = identityHeaders(identity);
    const forwarded = forward?.(request.headers);
    const queryOrigin = origin.headersFor(request, 'query');
    const scope = scopeOf({ identified, forwarded, queryOrigin });
    // Last, so that nothing a client sends can take their place.
    const own = { ...queryOrigin, ...correlationHeaders(request), ...identified };
    const deadline = monotonic() + traffic.deadlineMs;
    const headersOf = ({ subgraph, operation: kind }: SubgraphRequest): CallContext['headers'] => {
      const mine = kind === 'query' ? own : { ...own, ...origin.headersFor(request, kind) };
      return forwarded === undefined ? mine : { ...forwarded.headersFor(subgraph), ...mine };
    };
    const send: Send = (call, signal) =>
      telemetry.traced(subgraphSpan(call), request.trace, (trace) => {
        const traced = traceHeaders(trace);
        const headers = headersOf(call);
        return routes.send(
          call,
          { headers: traced === undefined ? headers : { ...headers, ...traced }, deadline },
          signal,
        );
      });
    // What a mutation reads afterwards must show what it did: a call that others began before may not.
    const isShared = isShareable && operation === 'query';
    return {
      send: isShared ? deduplicate(send, scope, observerFor(request, deduplicatedWork)) : send,
      signal: request.signal,
      scope,
    };
  }

  async function execute(admitted: Admitted, caller: Caller, clients: SubgraphClients): Promise<Answerable> {
    const { operation, variables } = admitted;
    const { onError, identity, request } = caller;
    const payer = { identity, address: request.address };
    const compiled = await telemetry.traced({ name: 'plan' }, request.trace, () => operation.compiled(payer));
    const deduplicatedWork: DeduplicatedWork = {};
    const { send, signal, scope } = callsFor(caller, clients, operation.type, deduplicatedWork);
    const stale = staleValues && { values: staleValues, scope };
    const run = (until: AbortSignal) =>
      withHeaders(collecting, send, (collected) =>
        executeCompiled(compiled, {
          ...subgraphErrors,
          variables,
          onError,
          denialCode: denialCodeOf(caller.identity),
          stale,
          send: collected,
          signal: until,
        }),
      );
    const outcome = await (operation.type === 'query' && traffic.deduplication.queries && isShareable
      ? deduplicateQuery({
          operation: compiled,
          // What follows is an object's text, so the two cannot be cut differently.
          key: `${onError}${JSON.stringify(variables)}`,
          scope,
          requestId: caller.request.id,
          onJoin: (requestId) => void (deduplicatedWork.deduplicatedBy = requestId),
          signal,
          execute: run,
        })
      : // A mutation that has begun is carried through: half of one is worse than an answer that nobody reads.
        run(operation.type === 'mutation' ? NEVER : signal));
    for (const { service, reason, source } of outcome.degraded) telemetry.degraded(service, reason, source);
    const executed: Spent = {
      admission: admitted,
      actualCost: compiled.actualCost,
      deliveredCalls: compiled.deliveredCalls,
      delivered: outcome.delivered,
      fieldsWithoutResponse: outcome.fieldsWithoutResponse,
      caller: payer,
    };
    const answerable = withDeduplicatedWork(withDenials(outcome, admitted), deduplicatedWork);
    if (asksForCost(request.headers)) return { ...answerable, cost: settlement.settleAndReport(executed) };
    settlement.settleLater(executed);
    return answerable;
  }

  return { execute, callsFor };
}

/** Runs an execution and gathers the headers of the answers it gets. */
async function withHeaders(
  collecting: Collecting | undefined,
  send: Send,
  execute: (send: Send) => Promise<ExecutionOutcome>,
): Promise<Executed> {
  if (collecting === undefined) return execute(send);
  const collection = collecting.begin();
  const outcome = await execute(async (request, signal) => {
    const response = await send(request, signal);
    collection.add(request.subgraph, response);
    return response;
  });
  return { ...outcome, headers: collection.headers(outcome.errors.length === 0) };
}

function withDenials(outcome: Executed, { wouldDeny }: Admitted): Answerable {
  return wouldDeny.length === 0 ? outcome : { ...outcome, authorizationErrors: wouldDeny };
}

function withDeduplicatedWork(outcome: Answerable, deduplicatedWork: DeduplicatedWork): Answerable {
  return hasDeduplicatedWork(deduplicatedWork) ? { ...outcome, deduplicatedWork } : outcome;
}

function observerFor({ id }: ClientRequest, deduplicatedWork: DeduplicatedWork): DeduplicationObserver {
  return {
    requestId: id,
    onJoin(requestId, subgraph) {
      (deduplicatedWork.deduplicatedCalls ??= {})[subgraph] = requestId;
    },
  };
}

// Subgraphs see nothing else that could change their answer: ids for tracing differ with each request and say nothing of it.
function scopeOf({
  identified,
  forwarded,
  queryOrigin,
}: {
  readonly identified: Readonly<Record<string, string>>;
  readonly forwarded: Forwarded | undefined;
  readonly queryOrigin: Readonly<Record<string, string>>;
}): Scope {
  return JSON.stringify([identified, forwarded?.scope, queryOrigin]);
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
