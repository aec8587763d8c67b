import { CommandError } from '../outcome.ts';

/**
 * Returns a variant that exists.
 * @throws {CommandError} if the registry has none
 */
export function existing<Variant>(variant: Variant | null, ref: string): Variant {
  if (variant !== null) return variant;
  throw new CommandError(
    'NOT_FOUND',
    `the registry has no variant ${ref}, or the key is for another graph; check --graph GRAPH@VARIANT`,
  );
}
