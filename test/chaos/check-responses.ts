import { isRecord } from '../../router/shared/is-record.ts';
import { isOnOneLine, reportsNullAt } from '../support/responses/received-errors.ts';
import type { Path } from '../support/responses/received-errors.ts';
import type { GraphQLResponse, ReceivedExchange, Evidence } from './responses.ts';
import type { Violation } from './violations.ts';

/** Checks that all delivered data is correct and that every null has an error or a degradation. */
export function checkResponses({ received, whole }: Evidence): readonly Violation[] {
  return received.flatMap((exchange) => {
    const { operation, outcome, response, id: requestId } = exchange;
    if (outcome.status !== 200) return [];
    if (response === undefined)
      return [{ invariant: 'data', detail: 'the body is not a GraphQL response', requestId }];
    const found: Difference[] = [];
    // A mutation returns new data each time, but none of its fields is null without a fault.
    if (operation.kind === 'mutation') findNulls(response.data, [], found);
    else compare(whole.get(operation.key), response.data, [], found);
    return found.flatMap((difference) => violationOf(difference, exchange, response));
  });
}

type Difference = { readonly kind: 'null' | 'other'; readonly path: Path };

function violationOf(
  { kind, path }: Difference,
  exchange: ReceivedExchange,
  response: GraphQLResponse,
): Violation[] {
  const { id: requestId, operation } = exchange;
  if (kind === 'other')
    return [{ invariant: 'data', detail: `${path.join('.')} has a wrong value`, requestId }];
  const isReported =
    operation.onError === 'NULL' ? response.errors.some(reportsNullAt(path)) : isExplained(path, response);
  if (isReported) return [];
  return [
    {
      invariant: 'null',
      detail: `${path.join('.') || 'data'} is null without an error or a degradation`,
      requestId,
    },
  ];
}

/** The path of an error may be the path of the null, below it (a propagated null), or above several nulls. */
function isExplained(path: Path, { errors, degraded }: GraphQLResponse): boolean {
  const names = path.filter((key) => typeof key === 'string');
  return (
    errors.some((error) => error.path !== undefined && isOnOneLine(error.path, path)) ||
    degraded.some((gap) => isOnOneLine(gap, names))
  );
}

function compare(expected: unknown, actual: unknown, path: Path, found: Difference[]): void {
  if (expected === actual) return;
  if (actual === null || (actual === undefined && path.length === 0)) {
    found.push({ kind: 'null', path });
  } else if (Array.isArray(expected) && Array.isArray(actual) && expected.length === actual.length) {
    for (const [index, item] of expected.entries()) compare(item, actual[index], [...path, index], found);
  } else if (isRecord(expected) && isRecord(actual) && haveSameKeys(expected, actual)) {
    for (const key of Object.keys(expected)) compare(expected[key], actual[key], [...path, key], found);
  } else found.push({ kind: 'other', path });
}

function haveSameKeys(one: object, other: object): boolean {
  return Object.keys(one).join() === Object.keys(other).join();
}

function findNulls(value: unknown, path: Path, found: Difference[]): void {
  if (value === null || (value === undefined && path.length === 0)) found.push({ kind: 'null', path });
  else if (Array.isArray(value)) value.forEach((item, index) => findNulls(item, [...path, index], found));
  else if (isRecord(value))
    for (const key of Object.keys(value)) findNulls(value[key], [...path, key], found);
}
