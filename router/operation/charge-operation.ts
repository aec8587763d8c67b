import type { Admission, OperationAdmission, PrepaidPayer } from '../rate-limit/charge.ts';
import { RouterError } from '../shared/errors.ts';
import type { AuthorizedOperation, ChargedOperation, Operation, Variables } from './operations.ts';

/**
 * Coerces the variables of an operation and charges its estimated cost to the caller's rate limits.
 * @throws {RouterError} if a variable is invalid, or a rate limit is exceeded
 */
export type ChargeOperation = (
  authorized: AuthorizedOperation,
  inputs: Variables,
  payer: PrepaidPayer,
) => ChargedOperation | Promise<ChargedOperation>;

/** Creates the stage of request handling that charges operations to the rate limits. */
export function createOperationCharge({ admit }: Pick<OperationAdmission, 'admit'>): ChargeOperation {
  // Not an async function, which would always create a promise: without rate limits there is nothing to wait
  // for.
  return (authorized, inputs, payer) => {
    const rethrow = (error: unknown): never => {
      throw withoutHiddenField(error, authorized.operation);
    };
    try {
      const admission = admit(authorized.operation, inputs, payer);
      return admission instanceof Promise
        ? admission.then((charged) => chargedOperation(authorized, charged), rethrow)
        : chargedOperation(authorized, admission);
    } catch (error) {
      return rethrow(error);
    }
  };
}

/**
 * Combines an operation with its admission. Each member is listed, because spreading objects takes longer.
 */
function chargedOperation(
  { operation, wouldDeny }: AuthorizedOperation,
  { variables, sent, cost, reservation, headers }: Admission,
): ChargedOperation {
  return { operation, wouldDeny, variables, sent, cost, reservation, headers };
}

/**
 * Removes the name of a rate-limited field from an error if the client uses a contract (configured part of
 * the graph) that hides the field. The client can still select it through an interface of the contract.
 */
function withoutHiddenField(error: unknown, { exposes }: Pick<Operation, 'exposes'>): unknown {
  if (!(error instanceof RouterError)) return error;
  const { field, bucket: _bucket, ...extensions } = error.extensions;
  if (typeof field !== 'string' || exposes(field)) return error;
  // These two headers are left out, because they contain the name of the field's rate limit, which is the
  // name of the field.
  const { ratelimit: _limit, 'ratelimit-policy': _policy, ...headers } = error.headers;
  return new RouterError(error.code, undefined, { headers, extensions });
}
