import { isDeepStrictEqual } from 'node:util';
import { isNonNullType } from 'graphql';
import { isJsonObject, readOwn } from '../../router/shared/json.ts';
import { faultsOfResponse } from './cases.ts';
import type { Case } from './cases.ts';
import { typeAt } from './compare.ts';
import type { Path } from './compare.ts';
import type { ReceivedResponse, OracleResponse, Rejection } from './oracle.ts';
import type { Graph } from './graph.ts';

/** A response of Apollo's own planner and executor (2.14.4) that differs from the oracle's. */
export type StockFault = {
  readonly graph: Graph;
  readonly case: Case;
  readonly response: ReceivedResponse | Rejection;
  readonly oracle: OracleResponse;
};

/** Whether the data is complete, with the keys of objects in another order. */
export function isAnotherOrder({ response, oracle }: StockFault): boolean {
  if (response.kind === 'rejected' || response.errors.length > oracle.errors.length) return false;
  return isDeepStrictEqual(JSON.parse(response.data), JSON.parse(oracle.data));
}

/** Whether nulls instead of empty objects are the only difference. */
export function isNullForEmpty(fault: StockFault): boolean {
  if (fault.response.kind === 'rejected') return false;
  const { response, oracle } = withoutEmpty(fault.response, fault.oracle);
  return faultsOfResponse(response, oracle, false).length === 0;
}

function withoutEmpty(response: ReceivedResponse, oracle: OracleResponse) {
  const nullified = (data: string) => {
    const value = nullForEmpty(JSON.parse(data), [], oracle.types);
    return JSON.stringify(value ?? null);
  };
  return {
    response: { ...response, data: nullified(response.data) },
    oracle: { ...oracle, data: nullified(oracle.data) },
  };
}

/**
 * Returns null for an object without fields, for a list of such objects only, and for an object with such a
 * null in a non-null position.
 */
function nullForEmpty(value: unknown, at: Path, types: OracleResponse['types']): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]): [string, unknown] => {
    const place = [...at, Array.isArray(value) ? Number(key) : key];
    const kept = nullForEmpty(inner, place, types);
    return [key, kept === null && isNonNullType(typeAt(place, types)) ? undefined : kept];
  });
  const values = entries.map(([, kept]) => kept);
  if (values.includes(undefined)) return null;
  if (Array.isArray(value)) return values.every((kept) => kept === null) ? null : values;
  return values.length === 0 ? null : Object.fromEntries(entries);
}

/** Whether all returned data is right. */
export function lacksOnlyFields({ response, oracle }: StockFault): boolean {
  if (response.kind === 'rejected') return false;
  const nullified = withoutEmpty(response, oracle);
  return [{ response, oracle }, nullified].some((pair) =>
    isPart(JSON.parse(pair.response.data), JSON.parse(pair.oracle.data)),
  );
}

function isPart(value: unknown, whole: unknown): boolean {
  if (Array.isArray(value) && Array.isArray(whole)) {
    return value.length === whole.length && value.every((item, index) => isPart(item, whole[index]));
  }
  if (!isJsonObject(value) || !isJsonObject(whole)) return value === whole;
  return Object.entries(value).every(([key, inner]) => isPart(inner, readOwn(whole, key)));
}
