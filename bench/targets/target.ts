import type { Operation } from '../graph/supergraph.ts';
import type { Subgraph } from '../graph/subgraphs.ts';

/** The running subgraphs and the files that a target needs to start. */
export type BenchEnvironment = {
  /** URLs of the subgraphs' GraphQL endpoints. */
  readonly urls: Readonly<Record<Subgraph, string>>;
  readonly supergraphSdl: string;
  readonly supergraphFile: string;
  /** Folder for configuration files; emptied before each run. */
  readonly folder: string;
  readonly logFile: (name: string) => string;
  readonly issuer: Issuer;
  /** Additional Node flags for Tributary's own router. */
  readonly nodeFlags: readonly string[];
};

/** An issuer of access tokens, whose keys the subgraphs' server publishes. */
export type Issuer = {
  readonly url: string;
  readonly jwksUrl: string;
  readonly tokens: readonly string[];
};

export type Target = {
  readonly name: string;
  /** Names of the workloads that it supports. Default: all. */
  readonly workloads?: readonly string[];
  /** @throws {Error} with the reason if it cannot run on this machine */
  readonly start: (environment: BenchEnvironment) => Promise<RunningTarget>;
};

export type RunningTarget = AsyncDisposable & {
  readonly pid: number;
  readonly port: number;
  /** Complete HTTP requests for an operation, one for each caller. */
  readonly requestsFor: (operation: Operation) => readonly string[];
  /** Returns the number of commands that its Redis has received; absent without Redis. */
  readonly redisCommands?: () => Promise<number>;
};
