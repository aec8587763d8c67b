import { randomUUID } from 'node:crypto';
import type { Config } from '../config/config-schema.ts';
import type { ExecutionRequest } from '../execution/run/execute.ts';
import type { MaskErrors } from '../execution/run/execution.ts';
import { isInternalError } from '../execution/errors/public-message.ts';
import type { SubgraphError } from '../request/subgraph-request.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

/** Maximum number of subgraph errors in one log line. A subgraph may return any number of errors. */
const MOST_LOGGED = 100;
const LONGEST_LOGGED = 500;

/** Creates the policy that decides which parts of subgraph errors (message, extensions) clients receive. */
export function createErrorPolicy(
  config: Pick<Config, 'mode' | 'response'>,
  log: Telemetry['log'],
): Pick<ExecutionRequest, 'allowedExtensions' | 'maskErrors'> {
  const allowedExtensions = new Set(config.response.errorExtensions);
  switch (maskingOf(config)) {
    case 'pass':
      return { allowedExtensions };
    case 'mask':
      return { allowedExtensions, maskErrors: createMask(() => true, log) };
    case 'mask-internal':
      return { allowedExtensions, maskErrors: createMask(isInternalError, log) };
  }
}

/**
 * Returns which messages of subgraph errors are hidden from clients. By default, messages that come from
 * exceptions are hidden in production, and none in development.
 */
function maskingOf({
  mode,
  response,
}: Pick<Config, 'mode' | 'response'>): NonNullable<Config['response']['subgraphErrorMessages']> {
  return response.subgraphErrorMessages ?? (mode === 'production' ? 'mask-internal' : 'pass');
}

function createMask(isMasked: (error: SubgraphError) => boolean, log: Telemetry['log']): MaskErrors {
  return (subgraph, errors) => {
    const masked = new Set(errors.filter(isMasked));
    if (masked.size === 0) return () => undefined;
    const errorId = randomUUID();
    const messages = [...masked].slice(0, MOST_LOGGED).map(({ message }) => message.slice(0, LONGEST_LOGGED));
    log.warn({ errorId, subgraph, messages }, 'subgraph errors masked');
    return (error) => (masked.has(error) ? errorId : undefined);
  };
}
