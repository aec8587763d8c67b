import type { Question } from '../graph/supergraph.ts';
import type { Subgraph } from '../graph/subgraphs.ts';

/** What the benchmark has ready for every contestant. */
export type Stage = {
  /** Of the subgraphs' GraphQL endpoints. */
  readonly urls: Readonly<Record<Subgraph, string>>;
  readonly supergraphSdl: string;
  readonly supergraphFile: string;
  /** For configuration files; emptied before each run. */
  readonly folder: string;
  readonly logFile: (name: string) => string;
  readonly issuer: Issuer;
  /** Flags of Node for the router. */
  readonly nodeFlags: readonly string[];
};

/** Signs access tokens; its keys are served beside the subgraphs. */
export type Issuer = {
  readonly url: string;
  readonly jwksUrl: string;
  readonly tokens: readonly string[];
};

export type Contestant = {
  readonly name: string;
  /** One sentence for readers of the results. */
  readonly what: string;
  /** The workloads it was made for. Default: all. */
  readonly workloads?: readonly string[];
  /** @throws {Error} that says why it cannot run here */
  readonly start: (stage: Stage) => Promise<RunningContestant>;
};

export type RunningContestant = AsyncDisposable & {
  readonly pid: number;
  readonly port: number;
  /** The requests that ask this, whole: more than one when there are several callers. */
  readonly requestsFor: (question: Question) => readonly string[];
};
