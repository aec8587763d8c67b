import type { Measured } from '../load/load.ts';

/** One measurement, as `bench/out/latest.json` has it. */
export type Row = {
  readonly workload: string;
  readonly contestant: string;
  readonly connections: number;
  readonly rps: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** p99 over p50: how evenly the connections are served. */
  readonly p99OverP50: number;
  readonly cpuMsPerRequest: number;
  /** Peak. */
  readonly rssMb: number;
};

/** A row with what tells whether to believe it. */
export type DetailedRow = Row & {
  readonly callsPerRequest: number;
  /** Shares of one core over the interval, in percent. */
  readonly gatewayCpu: number;
  readonly loadCpu: number;
  readonly subgraphsCpu: number;
  readonly answers: number;
  readonly bytes: number;
  /** Subgraph calls that had to be computed while time ran: the interval is not clean when there are any. */
  readonly recorded: number;
};

/** A contestant that cannot serve a workload, and why. */
export type Refusal = {
  readonly workload: string;
  readonly contestant: string;
  readonly connections?: number;
  readonly reason: string;
};

export type RowSource = {
  readonly workload: string;
  readonly contestant: string;
  readonly connections: number;
  readonly measured: Measured;
  readonly calls: number;
  readonly recorded: number;
  readonly bytes: number;
};

export function toRow({ measured, calls, recorded, bytes, ...row }: RowSource): DetailedRow {
  const { answers, allAnswers, seconds, p50Ms, p99Ms } = measured;
  const share = (cpuMs: number) => round(cpuMs / seconds / 10, 0);
  return {
    ...row,
    rps: round(answers / seconds, 1),
    p50Ms: round(p50Ms, 3),
    p99Ms: round(p99Ms, 3),
    p99OverP50: round(p99Ms / p50Ms, 2),
    cpuMsPerRequest: round(measured.gatewayCpuMs / answers, 4),
    rssMb: round(measured.gatewayPeakMb, 1),
    callsPerRequest: round(calls / allAnswers, 2),
    gatewayCpu: share(measured.gatewayCpuMs),
    loadCpu: share(measured.loadCpuMs),
    subgraphsCpu: share(measured.subgraphsCpuMs),
    answers,
    bytes,
    recorded,
  };
}

export function plainRow({
  workload,
  contestant,
  connections,
  rps,
  p50Ms,
  p99Ms,
  p99OverP50,
  cpuMsPerRequest,
  rssMb,
}: Row): Row {
  return { workload, contestant, connections, rps, p50Ms, p99Ms, p99OverP50, cpuMsPerRequest, rssMb };
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
