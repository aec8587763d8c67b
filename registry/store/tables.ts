import type { ColumnType, Generated, JSONColumnType, Kysely, Selectable, Transaction } from 'kysely';

/** A message of composition, as it is stored. */
export type StoredFinding = {
  readonly code: string;
  readonly message: string;
  readonly subgraph?: string | undefined;
  readonly coordinate?: string | undefined;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
};

/** Result of a contract in a launch; `sha256` is that of its API schema. */
export type StoredContractResult = {
  readonly name: string;
  readonly sha256: string | null;
  readonly errors: readonly StoredFinding[];
};

export type LaunchStatus =
  | 'COMPOSED'
  | 'FAILED'
  | 'CANARY'
  | 'PAUSED'
  | 'SERVING'
  | 'SUPERSEDED'
  | 'ROLLED_BACK';
export type CanaryState = 'running' | 'paused';
export type Role = 'READ' | 'PUBLISH' | 'ADMIN';
export type CheckStatus = 'RUNNING' | 'PASSED' | 'FAILED' | 'ERROR';

/**
 * Tables of the registry. Rows of documents, subgraph versions, contract versions and releases never change.
 * Only `status` and `reason` of a launch change.
 */
export interface RegistryTables {
  /** Texts by content: subgraph schemas, supergraphs, API schemas of contracts. */
  documents: { sha256: string; body: string; created_at: Date };
  graphs: { name: string; created_at: Date };
  variants: {
    id: Generated<number>;
    graph: string;
    name: string;
    created_at: Date;
    settings: JSONColumnType<Record<string, unknown>>;
    /** That of the latest release, 0 without one. Instances look at it for changes by other instances. */
    sequence: ColumnType<number, number | undefined, number>;
  };
  /**
   * `launch` is the number of the first launch with the version; `sha256` is null if it removes the
   * subgraph.
   */
  subgraph_versions: {
    variant_id: number;
    name: string;
    version: number;
    launch: number;
    sha256: string | null;
    routing_url: string;
    author: string | null;
    commit: string | null;
    key_id: string | null;
    created_at: Date;
  };
  /** Latest version of each subgraph, so that 200 subgraphs are read without their 10,000 versions. */
  subgraph_heads: { variant_id: number; name: string; version: number };
  /** `include` and `exclude` are lists of tags. */
  contract_versions: {
    variant_id: number;
    name: string;
    version: number;
    launch: number;
    include: JSONColumnType<readonly string[]>;
    exclude: JSONColumnType<readonly string[]>;
    hide_unreachable: boolean;
    deleted: boolean;
    key_id: string | null;
    created_at: Date;
  };
  launches: {
    variant_id: number;
    number: number;
    status: LaunchStatus;
    reason: string | null;
    cause: string;
    author: string | null;
    key_id: string | null;
    created_at: Date;
    /** Null if the launch failed. */
    supergraph_sha256: string | null;
    errors: JSONColumnType<readonly StoredFinding[]>;
    hints: JSONColumnType<readonly StoredFinding[]>;
    contracts: JSONColumnType<readonly StoredContractResult[]>;
    check_id: string | null;
  };
  /** The release with the highest sequence of a variant is what routers serve. */
  releases: {
    variant_id: number;
    sequence: number;
    issued_at: Date;
    serving_launch: number;
    canary_launch: number | null;
    canary_percent: number | null;
    canary_state: CanaryState | null;
    /** Sequence of the release that began the canary. */
    canary_began: number | null;
    rollback: boolean;
    reason: string;
    key_id: string | null;
    /** Key that has signed it. */
    kid: string;
    /** The compact JWS, as routers receive it. */
    jws: string;
  };
  checks: {
    id: string;
    variant_id: number;
    status: CheckStatus;
    subgraph: string | null;
    /** Parameters of the check, without the SDL. */
    input: JSONColumnType<Record<string, unknown>>;
    report: ColumnType<Record<string, unknown> | null, string | null, string | null>;
    error: string | null;
    key_id: string | null;
    created_at: Date;
    finished_at: Date | null;
    /** Last sign of life of the instance that runs the check. */
    seen_at: Date;
  };
  routers: {
    variant_id: number;
    instance: string;
    reported_at: Date;
    report: JSONColumnType<Record<string, unknown>>;
  };
  api_keys: {
    id: string;
    /** Null for all graphs. */
    graph: string | null;
    role: Role;
    name: string;
    /** SHA-256 of the secret part, which has 192 random bits. */
    secret_sha256: string;
    created_at: Date;
    expires_at: Date | null;
    revoked_at: Date | null;
  };
  /** Recorded operations. `coordinates_sha256` is the hash of its rows in `usage_coordinates`. */
  usage_operations: {
    id: Generated<number>;
    variant_id: number;
    /** SHA-256 of the body. */
    signature: string;
    name: string | null;
    type: string;
    body: string;
    coordinates_sha256: string;
  };
  usage_coordinates: { variant_id: number; coordinate: string; operation_id: number };
  /** `version` is empty if the client sends none. */
  usage_clients: { id: Generated<number>; variant_id: number; name: string; version: string };
  /** Requests of one client and day; `contract` is empty for the whole graph. The day is in UTC. */
  usage_calls: {
    operation_id: number;
    client_id: number;
    contract: string;
    day: Date;
    requests: string | number;
    errors: string | number;
    cost: number;
    latency_buckets: number[];
    first_seen: Date;
    last_seen: Date;
  };
  /** Requests of operations that are not stored, by coordinate; all of them with an empty coordinate. */
  usage_unlisted: { variant_id: number; day: Date; coordinate: string; requests: string | number };
  /** Ids of received batches, so that a repeated one counts once. */
  usage_batches: { variant_id: number; batch: string; received_at: Date };
  /** Operations of the manifests of clients. */
  manifest_operations: {
    variant_id: number;
    client: string;
    operation: string;
    name: string | null;
    body: string;
    pushed_at: Date;
  };
  signing_keys: {
    kid: string;
    private_jwk: JSONColumnType<Record<string, unknown>>;
    created_at: Date;
  };
  audit: {
    /** Text or number, depending on the driver. */
    id: Generated<string | number>;
    at: Date;
    graph: string | null;
    variant: string | null;
    action: string;
    key_id: string | null;
    details: JSONColumnType<Record<string, unknown>>;
  };
}

export type RegistryDatabase = Kysely<RegistryTables>;
export type RegistryTransaction = Transaction<RegistryTables>;
export type VariantRow = Selectable<RegistryTables['variants']>;
export type SubgraphVersion = Selectable<RegistryTables['subgraph_versions']>;
export type ContractVersion = Selectable<RegistryTables['contract_versions']>;
export type LaunchRow = Selectable<RegistryTables['launches']>;
export type ReleaseRow = Selectable<RegistryTables['releases']>;
export type CheckRow = Selectable<RegistryTables['checks']>;
