import type { CheckReport } from '../../checks/report.ts';
import type { TrafficFigures } from './canary-figures.ts';

export type LaunchStatus =
  | 'COMPOSED'
  | 'FAILED'
  | 'CANARY'
  | 'PAUSED'
  | 'SERVING'
  | 'SUPERSEDED'
  | 'ROLLED_BACK';

export type Finding = {
  readonly code: string;
  readonly message: string;
  readonly subgraph: string | null;
  readonly coordinate: string | null;
  readonly line: number | null;
};

export type CheckStatus = 'RUNNING' | 'PASSED' | 'FAILED' | 'ERROR';

export type LaunchSummary = {
  readonly number: number;
  readonly status: LaunchStatus;
  readonly cause: string;
  readonly author: string | null;
  readonly createdAt: string;
  readonly reason: string | null;
  readonly errors: readonly Finding[];
  readonly check: { readonly id: string; readonly status: CheckStatus } | null;
};

export type SubgraphVersion = {
  readonly name: string;
  readonly version: number;
  readonly commit: string | null;
};

export type Launch = LaunchSummary & {
  readonly supergraph: string | null;
  readonly hints: readonly Finding[];
  readonly subgraphs: readonly SubgraphVersion[];
  readonly contracts: readonly { readonly name: string; readonly errors: readonly Finding[] }[];
};

export type Comparison = {
  readonly since: string;
  readonly routers: number;
  readonly result: 'UNDECIDED' | 'HEALTHY' | 'ROLLBACK';
  readonly reason: string;
  readonly canary: TrafficFigures;
  readonly rest: TrafficFigures;
};

export type Release = {
  readonly sequence: number;
  readonly issuedAt: string;
  readonly serving: { readonly number: number };
  readonly canary: { readonly number: number } | null;
  readonly canaryPercent: number | null;
  readonly canaryState: 'RUNNING' | 'PAUSED' | null;
  readonly comparison: Comparison | null;
  readonly reason: string;
};

export type Check = {
  readonly id: string;
  readonly status: CheckStatus;
  readonly subgraph: string | null;
  readonly createdAt: string;
  readonly finishedAt: string | null;
  readonly error: string | null;
};

export type CheckWithReport = Check & { readonly report: CheckReport | null };

export type Edges<Node> = { readonly edges: readonly { readonly node: Node }[] };

const FINDING = 'code message subgraph coordinate line';
const SUMMARY = `number status cause author createdAt reason errors { ${FINDING} } check { id status }`;
const TRAFFIC = 'requests errors degraded breakerOpenings latency { toMs requests }';

export const VARIANTS = '{ graphs { variants { ref } } }';

export const RELEASE = `query Release($ref: ID!) { variant(ref: $ref) {
  release { sequence issuedAt serving { number } canary { number } canaryPercent canaryState reason
    comparison { since routers result reason canary { ${TRAFFIC} } rest { ${TRAFFIC} } } }
} }`;

export const LAUNCHES = `query Launches($ref: ID!) { variant(ref: $ref) {
  launches(first: 50) { edges { node { ${SUMMARY} } } }
} }`;

export const LAUNCH = `query Launch($ref: ID!, $number: Int!) { variant(ref: $ref) { launch(number: $number) {
  ${SUMMARY} supergraph hints { ${FINDING} } subgraphs { name version commit }
  contracts { name errors { ${FINDING} } }
} } }`;

const CHECK_FIELDS = 'id status subgraph createdAt finishedAt error';

export const CHECKS = `query Checks($ref: ID!) { variant(ref: $ref) {
  checks(first: 50) { edges { node { ${CHECK_FIELDS} } } }
} }`;

export const CHECK = `query Check($id: ID!) { check(id: $id) { ${CHECK_FIELDS} report } }`;

export const ROUTERS = `query Routers($ref: ID!) { variant(ref: $ref) {
  release { sequence }
  routers { instance routerVersion startedAt reportedAt sequence serving canary
    rejections { launch reasons at } }
} }`;

export const USAGE = `query Usage($ref: ID!, $coordinate: String!, $days: Int!) { variant(ref: $ref) {
  usage(coordinate: $coordinate, sinceDays: $days) {
    calls operations unlistedCalls firstSeen lastSeen
    clients { name version calls errors lastSeen } days { day client calls }
  }
  operations(coordinate: $coordinate, sinceDays: $days, first: 20) {
    edges { node { id name body calls lastSeen clients { name version calls } } }
  }
} }`;
