import type { Generation } from './build-generation.ts';
import type { PersistedOperations } from './persisted-operations/persisted-operations.ts';
import type { LoadShedding } from './load-shedding/load-shedding.ts';
import type { RequestQueue } from './load-shedding/request-queue.ts';
import type { Caller, Payer } from './request/caller.ts';
import type { ClientRequest, ClientResponse } from './request/client-request.ts';
import { GraphFailure } from './request/graph-failure.ts';
import type { Identity } from './request/identity.ts';
import { RouterError } from './shared/errors.ts';
import { readPlanRequest } from './operation/explain-plan.ts';
import type { PlanRequest } from './operation/explain-plan.ts';
import { planResponse } from './operation/respond.ts';
import type { Operation, Operations, Variables } from './operation/operations.ts';
import type { SelectGraph } from './operation/select-graph.ts';
import type { RequestLease } from './supergraph/generations.ts';
import type { RecordUsage } from './usage/usage-recorder.ts';

/**
 * Stages of a request that are created once, when the router starts. All other stages belong to a supergraph
 * and its configuration (`Generation`). Each stage may throw a RouterError to reject the request.
 */
export type Stages = {
  /** Rejects requests while the process is overloaded. */
  readonly shedding: Pick<LoadShedding, 'enter' | 'leave'>;
  /** Lets requests begin in order, few at a time. */
  readonly queue: Pick<RequestQueue, 'enter' | 'makeRoom'>;
  readonly identify: (request: ClientRequest) => Identity | Promise<Identity>;
  /**
   * Selects the contract (a part of the graph for some clients) that the request is for; undefined for the
   * whole graph.
   */
  readonly selectGraph: SelectGraph;
  /**
   * Acquires a lease on the supergraph version that serves the caller, so that the version stays in use until
   * the request ends. Returns undefined before the first supergraph is loaded.
   */
  readonly acquire: (payer: Payer) => RequestLease<Generation> | undefined;
  /** Reads the GraphQL request. If it has only a hash or id, finds the document. */
  readonly resolve: PersistedOperations['resolve'];
  /** Counts the request in the usage of its operation and client; undefined if usage is not recorded. */
  readonly recordUsage?: RecordUsage | undefined;
};

/** Combines the stages into the function that handles a request. */
export function createPipeline(stages: Stages): (request: ClientRequest) => Promise<ClientResponse> {
  const { shedding, queue, recordUsage } = stages;

  return async function handle(request) {
    shedding.enter(request);
    try {
      const { recorder } = request;
      const turn = queue.enter();
      if (turn !== undefined) {
        recorder.stage('queue');
        await turn;
        if (request.signal.aborted) {
          queue.makeRoom();
          throw new RouterError('REQUEST_CANCELLED');
        }
      }
      recorder.stage('authenticate');
      const identity = await stages.identify(request);
      recorder.identified(identity);
      const graph = stages.selectGraph(request, identity);
      const isOther = graph !== undefined && graph !== request.graph;
      return await (isOther ? serveOther(graph, request, identity) : serveGraph(request, identity));
    } finally {
      shedding.leave();
    }
  };

  /**
   * Serves a request that was sent to the path of the whole graph, but whose headers or token claims select a
   * contract (configured part of the graph).
   */
  async function serveOther(
    graph: string,
    received: ClientRequest,
    identity: Identity,
  ): Promise<ClientResponse> {
    try {
      return await serveGraph({ ...received, graph }, identity);
    } catch (error) {
      throw new GraphFailure(graph, error);
    }
  }

  async function serveGraph(request: ClientRequest, identity: Identity): Promise<ClientResponse> {
    const payer = { identity, address: request.address };
    using lease = stages.acquire(payer);
    if (lease === undefined) throw new RouterError('NOT_READY', undefined, { retryAfterS: 1 });
    const { generation, observe } = lease;
    const { facts } = request.recorder;
    facts.graph = request.graph;
    facts.generation = generation.graph.id;
    if (observe === undefined) return await respond(request, payer, generation);
    return await observe(() => respond(request, payer, generation));
  }

  async function respond(
    request: ClientRequest,
    payer: Payer,
    generation: Generation,
  ): Promise<ClientResponse> {
    const { recorder } = request;
    const { chargingRejections, prepare, errorBehavior } = generation.stages;
    const behavior = chargingRejections(payer, () => errorBehavior(request));
    const onError = behavior instanceof Promise ? await behavior : behavior;
    const caller: Caller = { request, identity: payer.identity, onError };
    recorder.stage('persisted');
    const { call, executed } = await chargingRejections(payer, () => stages.resolve(request));
    recorder.stage('parse');
    const { operation, prepaid } = await prepare(call, caller, operationsOf(generation, request.graph));
    recorder.prepared(operation);
    const planRequest = recorder.isExposed ? readPlanRequest(request.headers) : undefined;
    const owing = { ...payer, prepaid };
    const prepared = { operation, inputs: call.variables, caller, planRequest, owing, executed };
    if (planRequest?.isDryRun === true) return respondWithPlan({ ...prepared, planRequest }, generation);
    const execute = () => respondWithData(prepared, generation);
    return await (recordUsage === undefined ? execute() : recordUsage(operation, request, execute));
  }
}

/** An operation that is ready to be authorized and charged: its document was found, parsed and validated. */
type PreparedRequest = {
  readonly operation: Operation;
  readonly inputs: Variables;
  readonly caller: Caller;
  readonly planRequest: PlanRequest | undefined;
  /** The caller that pays for the operation, and the points that were already charged for its document. */
  readonly owing: Payer & { readonly prepaid: number };
  /** Registers the document of an automatic persisted query. Called after the execution. */
  readonly executed: () => void;
};

/** Executes an operation and writes its response. */
async function respondWithData(
  { operation, inputs, caller, planRequest, owing, executed }: PreparedRequest,
  generation: Generation,
): Promise<ClientResponse> {
  const { chargingRejections, authorize, charge, execute, explain, respond } = generation.stages;
  const { recorder } = caller.request;
  const charged = await chargingRejections(owing, () => {
    recorder.stage('authorize');
    const authorized = authorize(operation, inputs, caller);
    recorder.stage('rateLimit');
    return charge(authorized, inputs, owing);
  });
  const result = await execute(charged, caller, generation);
  // The document of an automatic persisted query is registered only after the execution, so that rejected
  // documents are never stored.
  executed();
  const extensions =
    planRequest &&
    (await explain(charged.operation, inputs, { caller, asked: planRequest }).catch(withoutPlan));
  recorder.stage('respond');
  return respond(result, { charged, caller, version: generation.graph.id, extensions });
}

/**
 * Handles the error of a plan that cannot be shown, for example because too many operations wait to be
 * planned. The operation was already executed, so its result is sent without the plan.
 */
function withoutPlan(error: unknown): undefined {
  if (!(error instanceof RouterError)) throw error;
}

/**
 * Plans an operation and responds with the plan instead of executing it, as the client requested. The caller
 * is charged for the length of the document, but not for the cost of the operation.
 */
async function respondWithPlan(
  { operation, inputs, caller, planRequest, owing }: PreparedRequest & { readonly planRequest: PlanRequest },
  { stages, graph }: Generation,
): Promise<ClientResponse> {
  const { recorder } = caller.request;
  recorder.stage('authorize');
  const authorized = await stages.chargingRejections(owing, () =>
    stages.authorize(operation, inputs, caller),
  );
  recorder.stage('plan');
  const extensions = await stages.explain(authorized.operation, inputs, { caller, asked: planRequest });
  recorder.stage('respond');
  return planResponse(extensions, { caller, operation, version: graph.id });
}

function operationsOf({ operations, contracts }: Generation, graph: string | undefined): Operations {
  if (graph === undefined) return operations;
  const contract = contracts.get(graph);
  // The configuration names this contract, but the registry does not publish it yet, or no longer does.
  if (contract === undefined) throw new RouterError('NOT_FOUND', 'the graph is not published');
  return contract;
}
