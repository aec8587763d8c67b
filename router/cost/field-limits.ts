import type { Config } from '../config/config-schema.ts';

type Fields = Config['rateLimit']['fields'];

export type FieldLimit = Exclude<Fields[string], readonly unknown[]>;

/** Returns the rate limits that the configuration sets for a field; empty if there are none. */
export function limitsOf(fields: Fields, coordinate: string): readonly FieldLimit[] {
  const limits = Object.hasOwn(fields, coordinate) ? fields[coordinate] : undefined;
  return limits === undefined ? [] : [limits].flat();
}
