import type { OperationAdmission, PrepaidPayer } from '../rate-limit/charge.ts';
import type { AuthorizedOperation, ChargedOperation, Variables } from './operations.ts';

/** Coerces the variables of an operation and charges its estimated cost. @throws {RouterError} */
export type ChargeOperation = (
  authorized: AuthorizedOperation,
  inputs: Variables,
  payer: PrepaidPayer,
) => Promise<ChargedOperation>;

/** Creates the stage that charges operations. */
export function createOperationCharge({ admit }: Pick<OperationAdmission, 'admit'>): ChargeOperation {
  return async (authorized, inputs, payer) => ({
    ...authorized,
    ...(await admit(authorized.operation, inputs, payer)),
  });
}
