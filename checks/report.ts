/** An error or a hint of composition. */
export type Finding = {
  readonly code: string;
  readonly message: string;
  readonly subgraph?: string;
  /** Schema coordinate, such as `Product.price`. */
  readonly coordinate?: string;
  /** File or URL of the subgraph's schema. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
};

export type CompositionReport = {
  readonly errors: readonly Finding[];
  readonly hints: readonly Finding[];
};

/**
 * Effect of a schema change on an operation, or on the operations that use a changed element.
 *
 * - `breaks`: the operation is no longer valid or executable, or a field that it selects has a type that is
 *   no subtype of its earlier type.
 * - `changes`: it does not break, but its response may differ in enum values, access, defaults or meaning.
 * - `safe`: everything else.
 */
export type Verdict = 'breaks' | 'changes' | 'safe';

/** Calls of an operation by one version of a client. */
export type ClientUse = {
  readonly name: string;
  readonly version: string | null;
  /** Number of calls; null if unknown, as in a manifest. */
  readonly calls: number | null;
};

/** One reason for the result of an operation. */
export type Reason = {
  /** The effect of this reason alone. */
  readonly verdict: Verdict;
  /** Schema coordinate; null if the whole operation is concerned. */
  readonly coordinate: string | null;
  readonly code: string;
  readonly message: string;
  /** Position in the operation, from 1. */
  readonly line?: number;
  readonly column?: number;
  /** That line of the operation. */
  readonly source?: string;
  /** The fields that lead there, such as `orders.items.name`, if a field begins there. */
  readonly path?: string;
};

/** Query plans of an operation. Depth is the number of calls that wait for each other. */
export type PlanComparison = {
  readonly callsBefore: number;
  readonly callsAfter: number;
  readonly costBefore: number | null;
  readonly costAfter: number | null;
  readonly depthBefore: number;
  readonly depthAfter: number;
  readonly subgraphsBefore: readonly string[];
  readonly subgraphsAfter: readonly string[];
  /** By how many the calls to a subgraph rise or fall. Subgraphs without a difference are absent. */
  readonly callChanges: Readonly<Record<string, number>>;
};

export type OperationResult = {
  readonly id: string;
  readonly name: string | null;
  /** Name of the client; of the one with the most calls if there are several. */
  readonly client: string | null;
  readonly clients: readonly ClientUse[];
  /** Calls of all clients; null if unknown. */
  readonly calls: number | null;
  /** ISO 8601. */
  readonly lastSeen: string | null;
  readonly verdict: Verdict;
  readonly reasons: readonly Reason[];
  readonly plan: PlanComparison | null;
};

/** The recorded operations that use an element of the schema. */
export type UsedBy = {
  readonly operations: number;
  readonly calls: number;
  readonly clients: readonly string[];
  /**
   * Calls of operations whose documents are not recorded, because there was no room. Absent unless the change
   * may break some of them.
   */
  readonly unlistedCalls?: number;
};

/** A change of the API schema, or of a directive in the supergraph. */
export type SchemaChange = {
  readonly code: string;
  readonly coordinate: string | null;
  readonly message: string;
  /** Effect on an operation that might use the element. */
  readonly criticality: 'breaking' | 'dangerous' | 'safe';
  /** Effect on the recorded operations. */
  readonly verdict: Verdict;
  readonly usedBy: UsedBy;
};

/** A changed `@authenticated`, `@requiresScopes` or `@policy`. */
export type AccessChange = {
  readonly coordinate: string;
  /** `tightened` if a caller that passes today may be rejected, `loosened` if every such caller passes. */
  readonly effect: 'tightened' | 'loosened';
  readonly message: string;
  /** Ids of the operations that select the field or type. */
  readonly operations: readonly string[];
  /** Requests of operations without a recorded document that use the element; absent if there are none. */
  readonly unlistedCalls?: number;
};

export type LintFinding = Finding & {
  readonly severity: 'error' | 'warning';
  /** False if the rule finds the same element in the graph before the change. */
  readonly isNew: boolean;
};

/** The recorded operations that were compared, and those that settings leave out. */
export type Evidence = {
  readonly operations: number;
  readonly calls: number;
  readonly sinceDays: number | null;
  readonly leftOut: {
    /** Fewer calls than `ignoreBelowCalls`. */
    readonly belowCalls: number;
    /** Sent only by clients in `excludeClients`. */
    readonly excludedClients: number;
    /** Last seen before the period of `sinceDays`. */
    readonly notSeen: number;
  };
};

/** The effect of a change on one contract. */
export type ContractReport = {
  readonly name: string;
  readonly success: boolean;
  readonly composition: CompositionReport;
  readonly operations: readonly OperationResult[];
  readonly changes: readonly SchemaChange[];
  /** Absent if the contract was not compared, and in reports of earlier versions. */
  readonly access?: readonly AccessChange[];
};

/** The responses of a router with the change, compared with those of the router that serves clients. */
export type ReplayReport = {
  /** Number of requests with two responses. */
  readonly sent: number;
  readonly equal: number;
  /** Paths at which responses differ. Absent values are absent here, too. */
  readonly different: readonly {
    readonly id: string;
    readonly path: string;
    readonly before?: unknown;
    readonly after?: unknown;
  }[];
  readonly skipped: readonly { readonly id: string; readonly reason: string }[];
};

/** The result of a check: the effects of a proposed schema. */
export type CheckReport = {
  /**
   * False if composition fails, an operation breaks or costs too much, an unlisted one may break, access to a
   * used element is tightened, or lint has a new error.
   */
  readonly success: boolean;
  readonly composition: CompositionReport;
  /** Every recorded operation that is not left out, those that are safe included. */
  readonly operations: readonly OperationResult[];
  readonly changes: readonly SchemaChange[];
  readonly access: readonly AccessChange[];
  readonly lint: readonly LintFinding[];
  readonly contracts: readonly ContractReport[];
  readonly evidence: Evidence;
  /** Absent unless a replay was requested. */
  readonly replay?: ReplayReport;
};
