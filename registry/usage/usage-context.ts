import type { RegistrySettings } from '../settings.ts';

/** The variant and the time that counts are added for, and the limits of the registry. */
export type UsageContext = {
  readonly variantId: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly settings: Pick<RegistrySettings, 'maxOperations' | 'keepDays'>;
};

/** Returns the day of a time in UTC: `2026-01-31`. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
