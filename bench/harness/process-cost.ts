import { readFileSync, readdirSync, writeFileSync } from 'node:fs';

// Linux reports the CPU time of processes in units of USER_HZ.
const MS_PER_TICK = 10;

export type ProcessCost = { readonly cpuMs: number; readonly rssMb: number; readonly peakRssMb: number };

/** CPU time and memory of a process and all its descendants, threads included. */
export function readCost(root: number): ProcessCost {
  const costs = treeOf(root).map(costOf);
  const sum = (of: (cost: ProcessCost) => number) => costs.reduce((total, cost) => total + of(cost), 0);
  return {
    cpuMs: sum((cost) => cost.cpuMs),
    rssMb: sum((cost) => cost.rssMb),
    peakRssMb: sum((cost) => cost.peakRssMb),
  };
}

/** Resets the peak memory of a process and its descendants. */
export function resetPeak(root: number): void {
  for (const pid of treeOf(root)) writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

function treeOf(root: number): readonly number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc')) {
    const fields = /^\d+$/.test(name) ? statOf(Number(name)) : undefined;
    if (fields !== undefined) parents.set(Number(name), Number(fields[1]));
  }
  const isWithin = (pid: number | undefined): boolean =>
    pid === root || (pid !== undefined && isWithin(parents.get(pid)));
  return [...parents.keys()].filter(isWithin);
}

/**
 * Fields of /proc/PID/stat from the third on: the second is a name, which may contain blanks and brackets.
 */
function statOf(pid: number): readonly string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined; // The process has exited.
  }
}

function costOf(pid: number): ProcessCost {
  const fields = statOf(pid) ?? [];
  // utime, stime, and those of exited children
  const ticks = fields.slice(11, 15).reduce((total, field) => total + Number(field), 0);
  const status = fields.length === 0 ? '' : readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (name: string) =>
    Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) / 1024;
  return { cpuMs: ticks * MS_PER_TICK, rssMb: megabytes('VmRSS'), peakRssMb: megabytes('VmHWM') };
}
