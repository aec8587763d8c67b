import { jsonText } from '../../shared/json.ts';
import type { FetchProgram, FetchVariable } from '../compile/plan-program.ts';

type Values = Readonly<Record<string, unknown>>;

/** The JSON request body of a fetch. */
export function fetchBody(fetch: FetchProgram, representations: readonly string[], values: Values): string {
  const text = fetch.represent === undefined ? '' : `"representations":[${representations.join(',')}]`;
  return requestBody(fetch, text, values);
}

/** @param text of the representations: the first members of `variables`. */
export function requestBody(
  { bodyPrefix, variables }: { readonly bodyPrefix: string; readonly variables: readonly FetchVariable[] },
  text: string,
  values: Values,
): string {
  for (const { name, prefix } of variables) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value !== undefined) text += `${text === '' ? '' : ','}${prefix}${jsonText(value)}`;
  }
  return text === '' ? `${bodyPrefix}}` : `${bodyPrefix},"variables":{${text}}}`;
}
