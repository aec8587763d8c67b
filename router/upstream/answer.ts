import type { SubgraphError, SubgraphResponse } from '../execution/subgraph-call.ts';

/** A subgraph's answer, or what is wrong with it as the end of "the answer of SERVICE …". */
export type ParsedAnswer = Answered | Defect;
export type Answered = Extract<SubgraphResponse, { kind: 'answered' }>;
type Defect = { readonly kind: 'defective'; readonly defect: string };

/** Reads a response body after section 7.1 of the GraphQL specification; a null without an error is a defect. */
export function parseAnswer(text: string): ParsedAnswer {
  const body = parseJson(text);
  if (body === undefined) return defective('is not JSON');
  if (!isObject(body)) return defective('is not a GraphQL response');
  const data = body['data'] ?? null;
  if (data !== null && !isObject(data)) return defective('has data of the wrong type');
  const errors = parseErrors(body['errors'] ?? []);
  if (errors === undefined) return defective('has malformed errors');
  if (data === null && errors.length === 0) return defective('has neither data nor errors');
  return { kind: 'answered', data, errors };
}

function parseErrors(value: unknown): readonly SubgraphError[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const errors: SubgraphError[] = [];
  for (const item of value) {
    const error = parseError(item);
    if (error === undefined) return undefined;
    errors.push(error);
  }
  return errors;
}

function parseError(value: unknown): SubgraphError | undefined {
  if (!isObject(value)) return undefined;
  const { message } = value;
  const path = value['path'] ?? undefined;
  const extensions = value['extensions'] ?? undefined;
  if (typeof message !== 'string') return undefined;
  if (path !== undefined && !isPath(path)) return undefined;
  if (extensions !== undefined && !isObject(extensions)) return undefined;
  return {
    message,
    ...(path === undefined ? {} : { path }),
    ...(extensions === undefined ? {} : { extensions }),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not logged: the error of JSON.parse quotes the body.
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPath(value: unknown): value is readonly (string | number)[] {
  return Array.isArray(value) && value.every((key) => typeof key === 'string' || typeof key === 'number');
}

function defective(defect: string): Defect {
  return { kind: 'defective', defect };
}
