import type { ExactPositions, FetchFields } from '../../request/subgraph-request.ts';
import type { EntitySelection } from '../entity-batching/entity-selection.ts';
import type { FetchReference } from '../fetch/delivery.ts';
import type { FetchShape } from '../fetch/fetch-shape.ts';
import type { FetchVariable } from '../fetch/request-body.ts';
import type { Rewrite } from '../fetch/rewrite.ts';
import type { Collect } from './collect.ts';
import type { CopyOnWritePaths } from './copy-on-write.ts';
import type { Merge } from './merge.ts';
import type { Represent } from './representation.ts';

/** A fetch of a plan in compiled form. */
export type FetchProgram = FetchReference & {
  readonly operation: 'query' | 'mutation';
  /** The request body up to its variables. */
  readonly bodyPrefix: string;
  readonly variables: readonly FetchVariable[];
  /** The path of the objects that the fetch is about; empty for the root. */
  readonly path: readonly string[];
  /** Finds those objects, from the data of the fetch `base`, or else from the root. */
  readonly collect: Collect;
  readonly base: number | undefined;
  /** The first fetch about the same objects from the same base. */
  readonly collectedBy: number;
  /** Equal objects were made one. */
  readonly isDeduplicated: boolean;
  readonly represent: Represent | undefined;
  readonly rewriteOutput: Rewrite | undefined;
  readonly shape: FetchShape;
  readonly fields: FetchFields;
  readonly exact: ExactPositions;
  readonly copyOnWritePaths: CopyOnWritePaths;
  readonly merge: Merge;
  /** Another fetch of the plan has the same document for the same service. */
  readonly isRepeated: boolean;
  /** Set where it may travel in one request with others. */
  readonly entitySelection: EntitySelection | undefined;
};
