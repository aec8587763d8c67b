import type { AccessChange, SchemaChange } from './report.ts';

/** Whether a change may break operations whose documents are not recorded. */
export function mayBreakUnlisted({ usedBy }: Pick<SchemaChange, 'usedBy'>): boolean {
  return usedBy.unlistedCalls !== undefined;
}

/** Whether access to an element is tightened that recorded or unlisted operations use. */
export function isUsedAndTightened({ effect, operations, unlistedCalls }: AccessChange): boolean {
  return effect === 'tightened' && (operations.length > 0 || unlistedCalls !== undefined);
}

/** Returns the sentence about the requests of unlisted operations. */
export function unlistedText(calls: number): string {
  return `used by operations that are not recorded (${calls.toLocaleString('en')} ${calls === 1 ? 'call' : 'calls'})`;
}
