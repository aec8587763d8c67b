import type { MergeableFetch } from './merged-documents.ts';
import { uniteRepresentations } from './united-representations.ts';
import type { WaitingQuery } from './waiting-query.ts';

/** Queries that are served by the same `_entities` field of a merged request. */
export type QueryGroup = {
  /** Fetch that has the selection of the group's `_entities` field. */
  readonly fetch: MergeableFetch;
  /** Representations of all queries without duplicates. */
  readonly representations: readonly string[];
  readonly members: readonly GroupMember[];
};

export type GroupMember = {
  readonly query: WaitingQuery;
  /**
   * For each representation of the query, its index in the representations of the group; undefined if both
   * lists are the same.
   */
  readonly positions: readonly number[] | undefined;
  /**
   * Returns whether a response key was selected only by other queries of the group, so that this query's
   * response must not contain it. The function is undefined if all queries of the group have the same
   * selection.
   */
  readonly isForeign: ((key: string) => boolean) | undefined;
};

/**
 * Groups queries by selection. Two groups for the same objects are combined if the representations of one
 * group contain every field that the other group requires. Groups are sorted by selection id, so that equal
 * client requests result in equal calls.
 */
export function groupQueries(queries: readonly WaitingQuery[]): readonly QueryGroup[] {
  const bySelection = new Map<number, WaitingQuery[]>();
  for (const query of queries) {
    const { id } = query.fetch.entitySelection;
    const known = bySelection.get(id);
    if (known === undefined) bySelection.set(id, [query]);
    else known.push(query);
  }
  const groups = new Map([...bySelection].map(([id, members]) => [id, groupOf(members)]));
  for (const [id, members] of bySelection) {
    // A group is combined only once. A combined group has another selection id than its key in `groups`.
    if (groups.get(id)?.fetch.entitySelection.id !== id) continue;
    const joint = jointGroup(members, groups);
    if (joint === undefined) continue;
    groups.delete(id);
    groups.set(joint.carrierId, joint.group);
  }
  return [...groups.values()].toSorted((a, b) => idOf(a) - idOf(b));
}

function idOf({ fetch }: QueryGroup): number {
  return fetch.entitySelection.id;
}

function groupOf(queries: readonly WaitingQuery[]): QueryGroup {
  const { representations, positions } = uniteRepresentations(queries.map((query) => query.representations));
  const [first] = queries;
  if (first === undefined) throw new Error('bug: a group without queries');
  const members = queries.map((query, at) => ({ query, positions: positions[at], isForeign: undefined }));
  return { fetch: first.fetch, representations, members };
}

type Joint = { readonly carrierId: number; readonly group: QueryGroup };

/**
 * Adds `queries` to the group of the carrier: the fetch whose representations contain every field that
 * `queries` require. Returns undefined if the carrier has no group, or if that group lacks a query for the
 * same objects as one of `queries`.
 */
function jointGroup(
  queries: readonly WaitingQuery[],
  groups: ReadonlyMap<number, QueryGroup>,
): Joint | undefined {
  const joint = queries[0]?.fetch.joint;
  if (joint === undefined) return undefined;
  const found = [...groups].find(([, { members }]) =>
    members.some(({ query }) => query.fetch.index === joint.carrier),
  );
  if (found === undefined) return undefined;
  const [carrierId, { members, representations, fetch }] = found;
  // A group can be combined only once. A combined group has another selection id than its key in `groups`.
  // Groups with different numbers of queries cannot be combined either.
  if (fetch.entitySelection.id !== carrierId || members.length !== queries.length) return undefined;
  const carried: GroupMember[] = [];
  for (const query of queries) {
    const carrier = members.find((member) => carries(member, query));
    if (carrier === undefined) return undefined;
    const isForeign = (key: string) => !joint.carriedKeys.has(key);
    carried.push({ query, positions: carriedPositions(query, carrier), isForeign });
  }
  const isForeign = (key: string) => joint.carriedKeys.has(key);
  const carriers = members.map((member) => ({ ...member, isForeign }));
  return { carrierId, group: { fetch: joint.fetch, representations, members: [...carriers, ...carried] } };
}

/**
 * Returns whether the representations of the first query (the carrier) can serve the second query too: both
 * are for the same objects, in the same order.
 */
function carries({ query: carrier }: GroupMember, { fetch, targets }: WaitingQuery): boolean {
  return (
    carrier.fetch.index === fetch.joint?.carrier &&
    carrier.targets.length === targets.length &&
    targets.every((target, at) => target === carrier.targets[at])
  );
}

function carriedPositions(
  query: WaitingQuery,
  { query: carrier, positions }: GroupMember,
): readonly number[] {
  const carried = query.representations.map(() => -1);
  let missing = carried.length;
  for (let at = 0; missing > 0 && at < query.targets.length; at += 1) {
    const own = query.indices?.[at] ?? at;
    if (carried[own] !== -1) continue;
    const other = carrier.indices?.[at] ?? at;
    carried[own] = positions?.[other] ?? other;
    missing -= 1;
  }
  return carried;
}
