import type { Generation } from './build-generation.ts';
import type { ExecuteOperation } from './operation/execute-operation.ts';
import type { AuthorizeOperation } from './operation/authorize-operation.ts';
import type { ChargeOperation } from './operation/charge-operation.ts';
import type { PrepareOperation } from './operation/prepare-operation.ts';
import type { PersistedOperations } from './persisted-operations/persisted-operations.ts';
import type { LoadShedding } from './load-shedding/load-shedding.ts';
import type { OperationAdmission } from './rate-limit/charge.ts';
import { payerOf } from './request/caller.ts';
import type { Caller } from './request/caller.ts';
import type { ClientRequest, ClientResponse } from './request/client-request.ts';
import type { Identity } from './request/identity.ts';
import type { Respond } from './operation/respond.ts';
import { RouterError } from './shared/errors.ts';
import type { ErrorBehavior } from './shared/graphql/error-behavior.ts';
import type { Lease } from './supergraph/leases.ts';

/** The stages of a request, in order. Each throws a RouterError to reject the whole request. */
export type Stages = {
  /** Rejects requests while the process is overloaded. */
  readonly shedding: Pick<LoadShedding, 'enter' | 'leave'>;
  readonly identify: (request: ClientRequest) => Promise<Identity>;
  /** Acquires a lease on the active generation; undefined if there is none. */
  readonly acquire: () => Lease<Generation> | undefined;
  readonly errorBehavior: (request: ClientRequest) => ErrorBehavior;
  /** Reads the GraphQL request. If it has only a hash or id, finds its document. */
  readonly resolve: PersistedOperations['resolve'];
  readonly prepare: PrepareOperation;
  readonly authorize: AuthorizeOperation;
  readonly charge: ChargeOperation;
  readonly execute: ExecuteOperation;
  readonly respond: Respond;
  /** Charges a request that a later stage rejects, unless something was charged for it before. */
  readonly chargingRejections: OperationAdmission['chargingRejections'];
};

/** Combines the stages into the function that handles a request. */
export function createPipeline(stages: Stages): (request: ClientRequest) => Promise<ClientResponse> {
  const { shedding, chargingRejections } = stages;

  return async function handle(request) {
    shedding.enter(request);
    try {
      return await serve(request);
    } finally {
      shedding.leave();
    }
  };

  async function serve(request: ClientRequest): Promise<ClientResponse> {
    const identity = await stages.identify(request);
    using lease = stages.acquire();
    if (lease === undefined) throw new RouterError('NOT_READY', undefined, { retryAfterS: 1 });
    const { generation } = lease;
    const caller: Caller = { request, identity, onError: stages.errorBehavior(request) };
    const payer = payerOf(caller);
    const { call, executed } = await chargingRejections(payer, () => stages.resolve(request));
    const { operation, prepaid } = await stages.prepare(call, caller, generation.operations);
    const owing = { ...payer, prepaid };
    const authorized = await chargingRejections(owing, () =>
      stages.authorize(operation, call.variables, caller),
    );
    const charged = await chargingRejections(owing, () => stages.charge(authorized, call.variables, owing));
    const outcome = await stages.execute(charged, caller, generation);
    // Only now is the document of an automatic persisted query registered, because only executed documents
    // are kept.
    executed();
    return stages.respond(outcome, { charged, caller, version: generation.graph.id });
  }
}
