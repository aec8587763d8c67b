import type { Config } from '../config/config-schema.ts';
import { RouterError } from '../shared/errors.ts';
import { ERROR_BEHAVIORS } from '../shared/graphql/error-behavior.ts';
import type { ErrorBehavior } from '../shared/graphql/error-behavior.ts';
import type { ClientRequest } from '../request/client-request.ts';
import { isRecord } from '../shared/is-record.ts';

/**
 * Creates the function that reads `onError` from a request: what an error does to the data around it (`NULL`,
 * `PROPAGATE` or `HALT`). The function throws a RouterError for any other value.
 */
export function createErrorBehavior({
  degradation,
}: Pick<Config, 'degradation'>): (request: ClientRequest) => ErrorBehavior {
  return (request) => {
    const asked = askedFor(request);
    if (asked === undefined) return degradation.onError;
    const known = ERROR_BEHAVIORS.find((behavior) => behavior === asked);
    // The value null is rejected instead of treated as absent, because a client that sends it may mean the
    // behavior "NULL".
    if (known === undefined)
      throw new RouterError('BAD_REQUEST', 'onError must be "NULL", "PROPAGATE" or "HALT"');
    return known;
  };
}

function askedFor({ method, body, search }: ClientRequest): unknown {
  if (method === 'POST') return isRecord(body) ? body['onError'] : undefined;
  const [first, ...others] = new URLSearchParams(search).getAll('onError');
  if (others.length > 0) return [first, ...others];
  return first === '' ? undefined : first;
}
