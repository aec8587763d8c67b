import type { WorkloadRecord } from './record.ts';
export function writeResults(_records: readonly WorkloadRecord[]): void {}
