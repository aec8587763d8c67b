import {
  hasLongInteger,
  holdsNumber,
  mayBeInexact,
  parseExactJson,
  toDouble,
} from '../../shared/exact-json.ts';
import { isRecord } from '../../shared/is-record.ts';
import { decodeUtf8 } from '../../shared/utf8.ts';
import type { ExactPositions, SubgraphError, SubgraphResponse } from '../../request/subgraph-request.ts';

/**
 * A parsed GraphQL response, or the reason why it is invalid. `defect` completes the message "the response of
 * SERVICE …", for example with "is not JSON".
 */
export type ParsedResponse = ReceivedResponse | Defect;
export type ReceivedResponse = Extract<SubgraphResponse, { kind: 'received' }>;
type Defect = { readonly kind: 'defective'; readonly defect: string };

/**
 * Reads a response body according to section 7.1 of the GraphQL specification. A response with `data: null`
 * and no errors counts as invalid.
 */
export function parseResponse(bytes: Buffer, exact?: ExactPositions): ParsedResponse {
  const text = decodeUtf8(bytes);
  if (text === undefined) return defective('is not UTF-8');
  const body = parseJson(text, exact);
  if (body === undefined) return defective('is not JSON');
  if (!isRecord(body)) return defective('is not a GraphQL response');
  const data = body['data'] ?? null;
  if (data !== null && !isRecord(data)) return defective('has data of the wrong type');
  const errors = parseErrors(body['errors'] ?? NO_ERRORS);
  if (errors === undefined) return defective('has malformed errors');
  if (data === null && errors.length === 0) return defective('has neither data nor errors');
  return { kind: 'received', data, errors };
}

const NO_ERRORS: readonly SubgraphError[] = [];

function parseErrors(value: unknown): readonly SubgraphError[] | undefined {
  if (value === NO_ERRORS) return NO_ERRORS;
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
  if (!isRecord(value)) return undefined;
  const { message } = value;
  const path = pathIn(value['path'] ?? undefined);
  const extensions = value['extensions'] ?? undefined;
  if (typeof message !== 'string') return undefined;
  if (path !== undefined && !isPath(path)) return undefined;
  if (extensions !== undefined && !isRecord(extensions)) return undefined;
  return {
    message,
    ...(path === undefined ? {} : { path }),
    ...(extensions === undefined ? {} : { extensions }),
  };
}

/**
 * Converts the list indices in the path of an error to plain numbers. If a subgraph writes an index as `1.0`
 * or `1e0`, the parser returns it as an object that keeps these digits (`ExactNumber`).
 */
function pathIn(path: unknown): unknown {
  return Array.isArray(path) ? path.map(toDouble) : path;
}

function parseJson(text: string, exact: ExactPositions | undefined): unknown {
  try {
    const body: unknown = JSON.parse(text);
    return needsExactNumbers(text, body, exact) ? readExactly(text, exact) : body;
  } catch {
    // The message of `JSON.parse` is not used, because it quotes the body, which may contain private data.
    return undefined;
  }
}

/**
 * Returns whether numbers in custom scalars, IDs or errors may have lost digits when they were parsed as
 * doubles. The text is searched for such numbers only if there are numbers at these places, which is rare.
 */
function needsExactNumbers(text: string, body: unknown, exact: ExactPositions | undefined): boolean {
  if (!isRecord(body)) return false;
  const isSuspect = exact === undefined ? hasLongInteger(text) : exact.hasNumbers(body['data']);
  return (isSuspect || holdsNumber(body['errors'])) && mayBeInexact(text);
}

function readExactly(text: string, exact: ExactPositions | undefined): unknown {
  const body = parseExactJson(text);
  if (exact === undefined || !isRecord(body)) return body;
  return { ...body, data: exact.roundOthers(body['data']) };
}

function isPath(value: unknown): value is readonly (string | number)[] {
  return Array.isArray(value) && value.every((key) => typeof key === 'string' || typeof key === 'number');
}

function defective(defect: string): Defect {
  return { kind: 'defective', defect };
}
