import { hash } from 'node:crypto';
import type { Payer } from '../request/caller.ts';
import { callerKey } from './caller-key.ts';

const HASH_DIGITS = 12;

/**
 * Returns a pseudo-random number from 0 up to, but not including, 100, computed from a label and the caller.
 * It is constant for one caller and label, and independent for different labels.
 */
export function percentileOf(label: string, payer: Payer): number {
  const digits = hash('sha256', `${label}\n${callerKey(payer)}`).slice(0, HASH_DIGITS);
  return (Number.parseInt(digits, 16) / 16 ** HASH_DIGITS) * 100;
}
