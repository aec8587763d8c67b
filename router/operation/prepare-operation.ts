import type { OperationAdmission } from '../rate-limit/charge.ts';
import { payerOf } from '../request/caller.ts';
import type { Caller } from '../request/caller.ts';
import type { GraphqlCall } from '../request/graphql-call.ts';
import type { Identity } from '../request/identity.ts';
import { RouterError } from '../shared/errors.ts';
import type { Operation, Operations } from './operations.ts';

export type PreparationParts = Pick<OperationAdmission, 'prepay' | 'chargingRejections'> & {
  /**
   * Rejects an operation that is not cached if the process is overloaded, because parsing and planning it
   * would be expensive.
   * @throws {RouterError} OVERLOADED
   */
  readonly checkUnseen: (identity: Identity, source: string) => void;
  /**
   * Rejects a document that is longer than the configured limit.
   * @throws {RouterError}
   */
  readonly checkLength: (source: string) => void;
};

/**
 * A parsed and validated operation, and the rate-limit points that were charged for this work; zero points if
 * the operation was cached.
 */
export type PreparedOperation = { readonly operation: Operation; readonly prepaid: number };

/**
 * Finds the operation of a request in the cache, or else parses and validates it.
 * @throws {RouterError}
 */
export type PrepareOperation = (
  call: GraphqlCall,
  caller: Caller,
  operations: Operations,
) => PreparedOperation | Promise<PreparedOperation>;

/**
 * Creates the stage of request handling that finds an operation in the cache. If the operation is not there,
 * the stage charges the caller rate limit points for the work, and then parses and validates the operation.
 */
export function createPreparation(parts: PreparationParts): PrepareOperation {
  const { checkUnseen, checkLength, prepay, chargingRejections } = parts;

  async function prepare(
    { query, operationName, notFound }: GraphqlCall,
    caller: Caller,
    operations: Operations,
  ): Promise<PreparedOperation> {
    checkUnseen(caller.identity, query);
    const payer = payerOf(caller);
    await chargingRejections(payer, () => checkLength(query));
    const prepaid = await prepay(query.length, payer);
    try {
      return { operation: await operations.prepare(query, operationName), prepaid };
    } catch (error) {
      // The client may have sent only the id of a persisted document. If the document is invalid for the
      // client's contract (configured part of the graph), the errors would contain names that the contract
      // hides. The id is therefore reported as unknown. The original error becomes the `cause` of this error,
      // so that the rollout can recognize operations that a canary rejects.
      if (operations.isContract && notFound !== undefined && isInvalid(error)) throw notFound(error);
      throw error;
    }
  }

  return (call, caller, operations) => {
    const known = operations.find(call.query, call.operationName);
    caller.request.recorder.facts.isCached = known !== undefined;
    return known === undefined ? prepare(call, caller, operations) : { operation: known, prepaid: 0 };
  };
}

function isInvalid(error: unknown): error is RouterError {
  return error instanceof RouterError && error.status < 500;
}
