import type { MergedDocument } from '../entity-batching/merged-documents.ts';
import type { FetchProgram } from '../compile/fetch-program.ts';
import { requestBody } from '../fetch/request-body.ts';
import type { FetchRecord } from '../../request/fetch-record.ts';
import type { SubgraphError, SubgraphResponse } from '../../request/subgraph-request.ts';
import { readOwn } from '../../shared/json.ts';
import type { ContextGroup } from './batch.ts';
import { contextDocuments } from './context-document.ts';
import type { Execution } from './execution.ts';

/**
 * Maximum number of groups of entities with equal argument values in one request. Each group is a selection
 * with its own alias, and subgraphs limit the number of aliases.
 */
const MAX_GROUPS = 50;

/**
 * Calls the subgraph of a fetch with context arguments (`@fromContext`). A request has one `_entities` field,
 * with its own alias, for each set of argument values. The returned response has the entities of all these
 * fields in a single `_entities` list.
 */
export async function callByContext(
  fetch: FetchProgram,
  groups: readonly ContextGroup[],
  record: FetchRecord | undefined,
  execution: Execution,
): Promise<SubgraphResponse> {
  const documentFor = groups.length > 1 ? contextDocuments(fetch) : undefined;
  const size = documentFor === undefined ? 1 : MAX_GROUPS;
  const parts = Array.from({ length: Math.ceil(groups.length / size) }, (_, index) =>
    groups.slice(index * size, (index + 1) * size),
  );
  const records = parts.map(() => (parts.length === 1 ? record : execution.record?.beginPart(fetch, record)));
  const calls = parts.map((part, index) => {
    const call = { fetch, groups: part, record: records[index] };
    return part.length === 1 || documentFor === undefined
      ? callAlone(call, execution)
      : callAliased(call, documentFor(part.length), execution);
  });
  const responses = await Promise.all(calls);
  if (parts.length > 1) record?.addParts(records.filter((part) => part !== undefined));
  return joined(parts.map(entityCount), responses);
}

function entityCount(groups: readonly ContextGroup[]): number {
  return groups.reduce((sum, { representations }) => sum + representations.length, 0);
}

/** One request for a fetch: its groups of entities, and the record that receives its times and outcome. */
type ContextCall = {
  readonly fetch: FetchProgram;
  readonly groups: readonly ContextGroup[];
  readonly record: FetchRecord | undefined;
};

function callAlone(
  { fetch, groups, record }: ContextCall,
  { send, signal, sent }: Execution,
): Promise<SubgraphResponse> {
  const members = groups.flatMap(({ representations, values }) => [
    `"representations":[${representations.join(',')}]`,
    ...membersOf(values, fetch, ''),
  ]);
  const { service: subgraph, operation, fields, exact } = fetch;
  const body = requestBody(fetch, members.join(','), sent);
  return send({ subgraph, operation, body, fields, exact, record }, signal);
}

/**
 * Returns the JSON members with the values of context arguments for the `variables` of a request. A variable
 * that the document does not declare is left out: circuit breakers may block the field that uses the
 * variable, and the field is then removed from the document.
 */
function membersOf(values: ContextGroup['values'], { bodyPrefix }: FetchProgram, suffix: string): string[] {
  return [...values].flatMap(([name, text]) =>
    bodyPrefix.includes(`$${name}:`) ? [`${JSON.stringify(name + suffix)}:${text}`] : [],
  );
}

async function callAliased(
  { fetch, groups, record }: ContextCall,
  document: MergedDocument,
  { send, signal, sent }: Execution,
): Promise<SubgraphResponse> {
  const members = groups.flatMap(({ representations, values }, index) => [
    `${document.representations[index]}[${representations.join(',')}]`,
    ...membersOf(values, fetch, `_${index}`),
  ]);
  const { fields, exact } = document;
  const body = requestBody(document, members.join(','), sent);
  const subgraph = fetch.service;
  const response = await send({ subgraph, operation: 'query', body, fields, exact, record }, signal);
  return response.kind === 'failed' ? response : withoutAliases(response, groups);
}

type Received = Extract<SubgraphResponse, { readonly kind: 'received' }>;

function withoutAliases(response: Received, groups: readonly ContextGroup[]): SubgraphResponse {
  const { data, errors } = response;
  const offsets = new Map<string, number>();
  let length = 0;
  for (const [index, { representations }] of groups.entries()) {
    offsets.set(`e${index}`, length);
    length += representations.length;
  }
  const located = errors.map((error) => withoutAlias(error, offsets));
  if (data === null) return { ...response, errors: located };
  const lists = groups.map(({ representations }, index): readonly unknown[] | undefined => {
    const entities: unknown = readOwn(data, `e${index}`);
    return Array.isArray(entities) && entities.length === representations.length ? entities : undefined;
  });
  // If the subgraph returned the wrong number of entities, it is unknown which representation each belongs
  // to. All entities then count as missing.
  const entities = lists.includes(undefined) ? null : lists.flat();
  return { ...response, data: { _entities: entities }, errors: located };
}

function withoutAlias(error: SubgraphError, offsets: ReadonlyMap<string, number>): SubgraphError {
  const { path, ...unlocated } = error;
  const [alias, position, ...rest] = path ?? [];
  const offset = typeof alias === 'string' ? offsets.get(alias) : undefined;
  if (offset === undefined || typeof position !== 'number') return unlocated;
  return { ...unlocated, path: ['_entities', offset + position, ...rest] };
}

/**
 * Joins the responses to several requests into one response with all entities. If a request failed, returns
 * its failure.
 * @param counts number of entities that each response must have
 */
function joined(counts: readonly number[], responses: readonly SubgraphResponse[]): SubgraphResponse {
  const failed = responses.find(({ kind }) => kind === 'failed');
  const received = responses.flatMap((one) => (one.kind === 'received' ? [one] : []));
  const [first, ...others] = received;
  if (failed !== undefined || first === undefined)
    return failed ?? { kind: 'received', data: null, errors: [] };
  if (others.length === 0) return first;
  let offset = 0;
  const errors = received.flatMap((response, index) => {
    const moved = response.errors.map((error) => movedBy(offset, error));
    offset += counts[index] ?? 0;
    return moved;
  });
  const lists = received.map(({ data }, index) => entitiesOf(data, counts[index]));
  // If one response has the wrong number of entities, it is unknown which representation each entity belongs
  // to. The joined response then has none.
  const entities = lists.includes(undefined) ? null : lists.flat();
  const isShared = received.some((one) => one.isShared === true);
  return { ...first, data: { _entities: entities }, errors, isShared };
}

function entitiesOf(data: Received['data'], count: number | undefined): readonly unknown[] | undefined {
  const entities: unknown = data?.['_entities'];
  return Array.isArray(entities) && entities.length === count ? entities : undefined;
}

function movedBy(offset: number, error: SubgraphError): SubgraphError {
  const [entities, position, ...rest] = error.path ?? [];
  return entities !== undefined && typeof position === 'number'
    ? { ...error, path: [entities, offset + position, ...rest] }
    : error;
}
