import { ERRORS } from '../errors.ts';
import type { Execution } from './execution.ts';
import { jsonText } from './json.ts';
import type { FetchProgram } from './plan-program.ts';
import type { SubgraphResponse } from './subgraph-call.ts';

/** Asks the subgraph of a fetch. Equal queries of one execution go out once. */
export async function callSubgraph(
  fetch: FetchProgram,
  representations: readonly string[],
  execution: Execution,
): Promise<SubgraphResponse> {
  const isQuery = fetch.operation === 'query';
  if (isQuery && execution.signal.aborted) return cancelled(fetch);
  const body = requestBody(fetch, representations, execution.variables);
  const request = { subgraph: fetch.service, operation: fetch.operation, body };
  // A query after a mutation may answer otherwise than before.
  const isShareable = fetch.isRepeated && execution.operation.kind === 'query';
  // A mutation runs to its end, whoever waits for it.
  if (!isQuery) return execution.send(request, NEVER);
  if (!isShareable) return execution.send(request, execution.signal);
  const key = `${fetch.service} ${body}`;
  const known = execution.calls.get(key);
  const call = known ?? execution.send(request, execution.signal);
  if (known === undefined) execution.calls.set(key, call);
  const response = await call;
  return response.kind === 'failed' ? response : { ...response, isShared: true };
}

const NEVER = new AbortController().signal;

function requestBody(
  { bodyPrefix, variables, represent }: FetchProgram,
  representations: readonly string[],
  values: Readonly<Record<string, unknown>>,
): string {
  let text = represent === undefined ? '' : `"representations":[${representations.join(',')}]`;
  for (const { name, prefix } of variables) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value !== undefined) text += `${text === '' ? '' : ','}${prefix}${jsonText(value)}`;
  }
  return text === '' ? `${bodyPrefix}}` : `${bodyPrefix},"variables":{${text}}}`;
}

function cancelled({ service }: FetchProgram): SubgraphResponse {
  return {
    kind: 'failed',
    failure: { code: 'REQUEST_CANCELLED', service, message: ERRORS.REQUEST_CANCELLED.meaning },
  };
}
