import type { OperationAdmission } from '../rate-limit/charge.ts';
import type { Caller } from '../request/caller.ts';
import type { GraphqlCall } from '../request/graphql-call.ts';
import type { Identity } from '../request/identity.ts';
import type { Operation, Operations } from './operations.ts';

export type PreparationParts = Pick<OperationAdmission, 'prepay' | 'chargingRejections'> & {
  /** Rejects a document that there is no time to prepare. @throws {RouterError} OVERLOADED */
  readonly checkUnseen: (identity: Identity, source: string) => void;
  /** Rejects a document that is too long to be worth parsing. @throws {RouterError} */
  readonly checkLength: (source: string) => void;
};

/** An operation, and the points that were charged for preparing it; none when it was known. */
export type PreparedOperation = { readonly operation: Operation; readonly prepaid: number };

/** Finds the operation of a request, or prepares it. @throws {RouterError} */
export type PrepareOperation = (
  call: GraphqlCall,
  caller: Caller,
  operations: Operations,
) => Promise<PreparedOperation>;

/** Returns the stage that finds or prepares operations. The caller pays for the preparation before any of it is done. */
export function createPreparation(parts: PreparationParts): PrepareOperation {
  const { checkUnseen, checkLength, prepay, chargingRejections } = parts;

  return async ({ query, operationName }, { identity, request }, operations) => {
    const known = operations.find(query, operationName);
    if (known !== undefined) return { operation: known, prepaid: 0 };
    checkUnseen(identity, query);
    const payer = { identity, address: request.address };
    await chargingRejections(payer, () => checkLength(query));
    const prepaid = await prepay(query.length, payer);
    return { operation: await operations.prepare(query, operationName), prepaid };
  };
}
