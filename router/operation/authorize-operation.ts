import { authorize, denialCodeOf } from '../authorization/authorize.ts';
import type { AuthorizationError } from '../authorization/authorize.ts';
import { createTokenRequirement } from '../authorization/require-token.ts';
import type { Config } from '../config/config-schema.ts';
import type { Caller } from '../request/caller.ts';
import { RouterError } from '../shared/errors.ts';
import { auditKeyOf, auditedCaller, auditedRequest } from '../telemetry/log/audited-request.ts';
import type { AuditEvent } from '../telemetry/log/audit-log.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { AuthorizedOperation, Operation, Variables } from './operations.ts';

/**
 * Removes from an operation the selections that the caller is not authorized to see, so that they are neither
 * charged to the rate limit nor fetched.
 * @throws {RouterError} if the caller may not send the operation at all
 */
export type AuthorizeOperation = (
  operation: Operation,
  inputs: Variables,
  caller: Caller,
) => AuthorizedOperation;

/** Creates the stage of request handling that authorizes operations. */
export function createOperationAuthorization(
  { authorization: { mode }, authentication }: Pick<Config, 'authorization' | 'authentication'>,
  { audit }: Pick<Telemetry, 'audit'>,
): AuthorizeOperation {
  const requireToken = createTokenRequirement(authentication);

  /** Runs a check. If the check rejects the operation, the rejection is written to the audit log. */
  function audited<Result>(caller: Caller, msg: AuditEvent['msg'], check: () => Result): Result {
    try {
      return check();
    } catch (error) {
      if (error instanceof RouterError) {
        const { code, message: reason } = error;
        report(caller, () => ({ msg, code, reason }));
      }
      throw error;
    }
  }

  function report({ identity, request }: Caller, describe: () => Denial | undefined): void {
    audit(request.address, auditKeyOf(identity), () => {
      const denial = describe();
      return denial && { ...auditedRequest(request), who: auditedCaller(identity), ...denial };
    });
  }

  function denialOf(denied: readonly Pick<AuthorizationError, 'path'>[], caller: Caller): Denial | undefined {
    // Selections that `@skip` or `@include` excludes are not executed, so they are not reported as denied.
    if (denied.length === 0) return undefined;
    return {
      msg: 'authorization denied',
      code: denialCodeOf(caller.identity),
      reason: mode === 'dry-run' ? EXECUTED : REMOVED,
      denied: denied.map(({ path }) => path.join('.')),
    };
  }

  return (requested, inputs, caller) => {
    const { identity, request } = caller;
    if (request.method === 'GET' && requested.type === 'mutation') throw mutationByGet();
    audited(caller, 'authentication failed', () => requireToken(identity, requested.rootFields));
    const { restriction, wouldDeny } = audited(caller, 'authorization denied', () =>
      authorize(mode, { guard: requested.guard, inputs, subject: identity }),
    );
    if (restriction !== undefined || wouldDeny.length > 0)
      report(caller, () => denialOf(restriction?.deniedFields(inputs) ?? wouldDeny, caller));
    const operation = restriction === undefined ? requested : requested.under(restriction);
    return { operation, wouldDeny };
  };
}

type Denial = Pick<AuditEvent, 'msg' | 'code' | 'reason' | 'denied'>;

const REMOVED = 'the caller is not authorized for some selections, which were removed';
const EXECUTED = 'the caller is not authorized for some selections, which mode `dry-run` has executed';

function mutationByGet(): RouterError {
  return new RouterError('METHOD_NOT_ALLOWED', 'A mutation must be sent with POST.', {
    headers: { allow: 'POST' },
  });
}
