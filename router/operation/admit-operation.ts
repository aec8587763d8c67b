import type { Caller } from '../request/caller.ts';
import type { OperationAdmission } from '../rate-limit/charge.ts';
import { authorize } from '../authorization/authorize.ts';
import { createTokenRequirement } from '../authorization/require-token.ts';
import type { Config } from '../config/config-schema.ts';
import type { Admitted, Operation, Variables } from './operations.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

export type OperationAdmissionParts = {
  readonly admission: Pick<OperationAdmission, 'admit'>;
  readonly telemetry: Telemetry;
};

/** What the caller may not have is left out first: it is neither charged nor planned. The function returned throws a RouterError where it refuses. */
export function createOperationAdmission(
  { authorization: { mode }, authentication }: Pick<Config, 'authorization' | 'authentication'>,
  { admission, telemetry }: OperationAdmissionParts,
) {
  const requireToken = createTokenRequirement(authentication);

  return async function admit(asked: Operation, inputs: Variables, caller: Caller): Promise<Admitted> {
    const { identity, request, prepaid = 0 } = caller;
    requireToken(identity, asked.rootFields);
    const { restriction, wouldDeny } = authorize(mode, { guard: asked.guard, inputs, subject: identity });
    if (wouldDeny.length > 0) telemetry.log.info({ name: asked.name, wouldDeny }, 'not authorized');
    const operation = restriction === undefined ? asked : asked.under(restriction);
    const admitted = await admission.admit(operation, inputs, {
      identity,
      address: request.address,
      prepaid,
    });
    return { operation, wouldDeny, ...admitted };
  };
}
