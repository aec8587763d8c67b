import { jsonText } from '../../shared/json.ts';

/**
 * A variable's name in the client's operation, and the text (such as `"id":`) before its value in requests.
 */
export type FetchVariable = { readonly name: string; readonly prefix: string };

/** The beginning of a request body, and the variables to add to it. */
type BodyTemplate = { readonly bodyPrefix: string; readonly variables: readonly FetchVariable[] };

type Values = Readonly<Record<string, unknown>>;

/** Returns the JSON request body of a fetch. */
export function fetchBody(
  fetch: BodyTemplate & { readonly represent: unknown },
  representations: readonly string[],
  values: Values,
): string {
  const text = fetch.represent === undefined ? '' : `"representations":[${representations.join(',')}]`;
  return requestBody(fetch, text, values);
}

/**
 * Returns a request body with the values of its variables.
 * @param text JSON text of the members that come first in `variables`, such as `"representations":[…]`; empty
 * if there are none.
 */
export function requestBody({ bodyPrefix, variables }: BodyTemplate, text: string, values: Values): string {
  for (const { name, prefix } of variables) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value !== undefined) text += `${text === '' ? '' : ','}${prefix}${jsonText(value)}`;
  }
  return text === '' ? `${bodyPrefix}}` : `${bodyPrefix},"variables":{${text}}}`;
}
