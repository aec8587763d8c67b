import { randomUUID } from 'node:crypto';
import type { Config } from '../config/config-schema.ts';
import type { ExecutionRequest } from '../execution/execute.ts';
import type { MaskErrors } from '../execution/execution.ts';
import type { Telemetry } from '../telemetry.ts';

/** One line of the log holds what one answer reported, and a subgraph may report without end. */
const MOST_LOGGED = 100;
const LONGEST_LOGGED = 500;

/** What clients see of the errors that subgraphs report. */
export function createErrorPolicy(
  { errorExtensions, subgraphErrorMessages }: Config['response'],
  log: Telemetry['log'],
): Pick<ExecutionRequest, 'allowedExtensions' | 'maskErrors'> {
  const maskErrors: MaskErrors = (subgraph, errors) => {
    const errorId = randomUUID();
    const messages = errors.slice(0, MOST_LOGGED).map(({ message }) => message.slice(0, LONGEST_LOGGED));
    log.warn({ errorId, subgraph, messages }, 'errors of a subgraph were masked');
    return errorId;
  };
  return {
    allowedExtensions: new Set(errorExtensions),
    ...(subgraphErrorMessages === 'mask' && { maskErrors }),
  };
}
