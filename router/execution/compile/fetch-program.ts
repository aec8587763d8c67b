import type { ExactPositions, FetchFields } from '../../request/subgraph-request.ts';
import type { EntitySelection } from '../../planning/entity-selection.ts';
import type { JointFetch } from '../entity-batching/merged-documents.ts';
import type { FetchReference } from '../fetch/delivery.ts';
import type { FetchShape } from '../fetch/fetch-shape.ts';
import type { FetchVariable } from '../fetch/request-body.ts';
import type { Rewrite } from '../fetch/rewrite.ts';
import type { Collect } from './collect.ts';
import type { ContextArgument } from './context.ts';
import type { CopyOnWritePaths } from './copy-on-write.ts';
import type { Merge } from './merge.ts';
import type { Represent } from './representation.ts';

/** A compiled fetch of a plan. */
export type FetchProgram = FetchReference & {
  readonly operation: 'query' | 'mutation';
  /** Beginning of the JSON request body, up to its variables. */
  readonly bodyPrefix: string;
  readonly variables: readonly FetchVariable[];
  /** Path of the objects for which the fetch requests fields; empty for the root. */
  readonly path: readonly string[];
  /**
   * Collects the objects at `path` from the data that the fetch with the index `base` returned, or from the
   * merged data of all fetches if `base` is undefined.
   */
  readonly collect: Collect;
  readonly base: number | undefined;
  /**
   * Index of the first fetch that has the same `path`. That fetch collects the objects, and all fetches with
   * this path use its list.
   */
  readonly collectedBy: number;
  /** True if one object replaces all objects at `path` whose key fields have equal values. */
  readonly isDeduplicated: boolean;
  /** True if the representations of the objects at `path` all differ. */
  readonly areDistinct: boolean;
  readonly represent: Represent | undefined;
  /**
   * Context arguments (`@fromContext`), whose values come from objects that contain the entities; undefined
   * if the fetch has none.
   */
  readonly context: readonly ContextArgument[] | undefined;
  readonly rewriteOutput: Rewrite | undefined;
  readonly shape: FetchShape;
  readonly fields: FetchFields;
  readonly exact: ExactPositions;
  readonly copyOnWritePaths: CopyOnWritePaths;
  readonly merge: Merge;
  /** True if another fetch of the plan sends the same document to the same subgraph. */
  readonly isRepeated: boolean;
  /**
   * Selection of an entity fetch that may be merged with other fetches into one request; undefined if the
   * fetch must be sent alone.
   */
  readonly entitySelection: EntitySelection | undefined;
  /**
   * This fetch combined with another fetch for the same objects, so that one `_entities` field serves both.
   * The other fetch must send representations with all values that this fetch requires. Undefined if there is
   * no such fetch.
   */
  readonly joint: JointFetch | undefined;
};
