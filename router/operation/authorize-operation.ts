import { authorize } from '../authorization/authorize.ts';
import { createTokenRequirement } from '../authorization/require-token.ts';
import type { Config } from '../config/config-schema.ts';
import type { Caller } from '../request/caller.ts';
import { RouterError } from '../shared/errors.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { AuthorizedOperation, Operation, Variables } from './operations.ts';

/**
 * Removes the selections that the caller may not see, so that they are neither charged nor planned.
 * @throws {RouterError} if the caller may not send the operation at all
 */
export type AuthorizeOperation = (
  operation: Operation,
  inputs: Variables,
  caller: Caller,
) => AuthorizedOperation;

/** Creates the stage that authorizes operations. */
export function createOperationAuthorization(
  { authorization: { mode }, authentication }: Pick<Config, 'authorization' | 'authentication'>,
  { log }: Pick<Telemetry, 'log'>,
): AuthorizeOperation {
  const requireToken = createTokenRequirement(authentication);

  return (requested, inputs, { identity, request }) => {
    if (request.method === 'GET' && requested.type === 'mutation') throw mutationByGet();
    requireToken(identity, requested.rootFields);
    const { guard, name } = requested;
    const { restriction, wouldDeny } = authorize(mode, { guard, inputs, subject: identity });
    if (wouldDeny.length > 0) log.info({ name, wouldDeny }, 'not authorized');
    const operation = restriction === undefined ? requested : requested.under(restriction);
    return { operation, wouldDeny };
  };
}

function mutationByGet(): RouterError {
  return new RouterError('METHOD_NOT_ALLOWED', 'A mutation must be sent with POST.', {
    headers: { allow: 'POST' },
  });
}
