import type { Measured } from '../load/load.ts';

/** One measurement, as it is written to `bench/out/latest.json`. */
export type Row = {
  readonly workload: string;
  readonly target: string;
  readonly connections: number;
  readonly rps: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** p99 divided by p50: how evenly the connections are served. */
  readonly p99OverP50: number;
  readonly cpuMsPerRequest: number;
  /** Peak. */
  readonly rssMb: number;
  readonly callsPerRequest: number;
  /** Allocated by the main thread on its V8 heap; absent for programs that do not report it. */
  readonly allocatedKbPerRequest?: number;
  /** Commands that the Redis of the target received; absent for targets without Redis. */
  readonly redisCommandsPerRequest?: number;
  /** Percent of one core, over the interval. */
  readonly gatewayCpu: number;
  readonly loadCpu: number;
  readonly subgraphsCpu: number;
  readonly responses: number;
  readonly bytes: number;
  /**
   * Subgraph calls whose response was not recorded yet; above 0, the interval also measured their
   * computation.
   */
  readonly recorded: number;
};

/** A workload that a target cannot serve, with the reason. */
export type Failure = {
  readonly workload: string;
  readonly target: string;
  readonly connections?: number;
  readonly reason: string;
};

export type RowSource = {
  readonly workload: string;
  readonly target: string;
  readonly connections: number;
  readonly measured: Measured;
  readonly calls: number;
  readonly recorded: number;
  readonly redisCommands: number | undefined;
  readonly bytes: number;
};

export function toRow({ measured, calls, recorded, redisCommands, bytes, ...row }: RowSource): Row {
  const { responses, allResponses, seconds, p50Ms, p99Ms, allocatedBytes } = measured;
  const share = (cpuMs: number) => round(cpuMs / seconds / 10, 0);
  return {
    ...row,
    rps: round(responses / seconds, 1),
    p50Ms: round(p50Ms, 3),
    p99Ms: round(p99Ms, 3),
    p99OverP50: round(p99Ms / p50Ms, 2),
    cpuMsPerRequest: round(measured.gatewayCpuMs / responses, 4),
    rssMb: round(measured.gatewayPeakMb, 1),
    callsPerRequest: round(calls / allResponses, 2),
    ...(allocatedBytes !== undefined && {
      allocatedKbPerRequest: round(allocatedBytes / 1024 / responses, 2),
    }),
    ...(redisCommands !== undefined && {
      redisCommandsPerRequest: round(redisCommands / allResponses, 3),
    }),
    gatewayCpu: share(measured.gatewayCpuMs),
    loadCpu: share(measured.loadCpuMs),
    subgraphsCpu: share(measured.subgraphsCpuMs),
    responses,
    bytes,
    recorded,
  };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
