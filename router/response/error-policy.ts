import { randomUUID } from 'node:crypto';
import type { Config } from '../config/config-schema.ts';
import type { ExecutionRequest } from '../execution/run/execute.ts';
import type { MaskErrors } from '../execution/run/execution.ts';
import { isInternalError } from '../execution/errors/public-message.ts';
import type { SubgraphError } from '../request/subgraph-request.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';

/** One log line holds the errors of one response, and a subgraph may report any number of them. */
const MOST_LOGGED = 100;
const LONGEST_LOGGED = 500;

/** Decides what clients see of the errors that subgraphs report. */
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

/** Which messages of subgraphs' errors are masked: those of exceptions in production, none in development. */
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
    log.warn({ errorId, subgraph, messages }, 'errors of a subgraph were masked');
    return (error) => (masked.has(error) ? errorId : undefined);
  };
}
