import type { OperationAdmission } from '../rate-limit/charge.ts';
import { payerOf } from '../request/caller.ts';
import type { Caller } from '../request/caller.ts';
import type { GraphqlCall } from '../request/graphql-call.ts';
import type { Identity } from '../request/identity.ts';
import { RouterError } from '../shared/errors.ts';
import type { Operation, Operations } from './operations.ts';

export type PreparationParts = Pick<OperationAdmission, 'prepay' | 'chargingRejections'> & {
  /**
   * Rejects a document that is not cached while the process is overloaded, because planning it would be
   * expensive.
   * @throws {RouterError} OVERLOADED
   */
  readonly checkUnseen: (identity: Identity, source: string) => void;
  /**
   * Rejects a document that exceeds the length limit.
   * @throws {RouterError}
   */
  readonly checkLength: (source: string) => void;
};

/** A prepared operation, and the points that were charged for preparing it; zero if it was cached. */
export type PreparedOperation = { readonly operation: Operation; readonly prepaid: number };

/**
 * Finds the operation of a request in the cache, or prepares it.
 * @throws {RouterError}
 */
export type PrepareOperation = (
  call: GraphqlCall,
  caller: Caller,
  operations: Operations,
) => PreparedOperation | Promise<PreparedOperation>;

/** Creates the stage that finds or prepares operations. The caller is charged before the preparation. */
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
      // A client may send only the id of a persisted document. The errors of a document that it has not sent
      // itself would show it names that the contract hides, so the id is reported as unknown.
      if (operations.isContract && notFound !== undefined && isInvalid(error)) throw notFound();
      throw error;
    }
  }

  return (call, caller, operations) => {
    const known = operations.find(call.query, call.operationName);
    caller.request.recorder.facts.isCached = known !== undefined;
    return known === undefined ? prepare(call, caller, operations) : { operation: known, prepaid: 0 };
  };
}

function isInvalid(error: unknown): boolean {
  return error instanceof RouterError && error.status < 500;
}
