import { errors } from 'jose';
import type { Config } from '../config/config-schema.ts';
import type { ClientRequest } from '../request/client-request.ts';
import type { Identity } from '../request/identity.ts';
import { addressBlock } from '../request/address-block.ts';
import { RouterError } from '../shared/errors.ts';
import { auditedRequest } from '../telemetry/log/audited-request.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Authenticator } from './authenticate.ts';
import { claimedCaller } from './claimed-caller.ts';

/**
 * Identifies the caller of a request by its token.
 * @throws {RouterError} if the token is not accepted
 */
export type Identify = (request: ClientRequest) => Identity | Promise<Identity>;

/** Creates the stage of a request that identifies the caller. It reports each failure to the audit log. */
export function createIdentification(
  config: Config['authentication'],
  { authenticator, telemetry }: { readonly authenticator: Authenticator; readonly telemetry: Telemetry },
): Identify {
  function reject(error: unknown, request: ClientRequest): never {
    const { authorization, address } = request;
    if (error instanceof RouterError)
      telemetry.audit(address, undefined, () => ({
        ...auditedRequest(request),
        msg: 'authentication failed',
        code: error.code,
        reason: reasonOf(error),
        who: claimedCaller(authorization, error, config),
      }));
    throw error;
  }

  return (request) => {
    const identity = authenticator.authenticate(request.authorization, addressBlock(request.address));
    return identity instanceof Promise
      ? identity.catch((error: unknown) => reject(error, request))
      : identity;
  };
}

/**
 * Returns the reason of a failed authentication for operators. It may be more detailed than the response to
 * the client.
 */
function reasonOf({ message, cause }: RouterError): string {
  return cause instanceof errors.JOSEError ? `${message.replace(/\.$/, '')}: ${cause.message}` : message;
}
