import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

/**
 * Returns the path of the socket on which `targets/report-allocation.ts` serves a process: a name of Linux
 * without a file.
 */
export function heapSocket(pid: number): string {
  return `\0tributary-bench-heap-${pid}`;
}

/** Returns the bytes that a process has allocated on its V8 heap; undefined if it does not report them. */
export async function readAllocatedBytes(pid: number): Promise<number | undefined> {
  try {
    return Number(await text(connect({ path: heapSocket(pid) })));
  } catch {
    return undefined;
  }
}
