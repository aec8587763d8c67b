import { hash } from 'node:crypto';
import type { FetchProgram } from '../compile/fetch-program.ts';
import type { StaleKey } from '../stale/stale-values.ts';
import type { Execution } from './execution.ts';

/**
 * Returns the cache keys for stale-if-error: one for each field that the fetch selects on its entities and
 * whose values are stored. Returns undefined if no values are stored.
 * @param only coordinates of the fields to include; all fields by default.
 */
export function staleKeysOf(
  fetch: FetchProgram,
  { operation, sent, stale }: Execution,
  only?: readonly string[],
): readonly (StaleKey & { readonly key: string })[] | undefined {
  if (stale === undefined) return undefined;
  const staleFields = operation.staleFields?.[fetch.index];
  const requested =
    only === undefined
      ? staleFields
      : staleFields?.filter(({ coordinates }) =>
          coordinates.every((coordinate) => only.includes(coordinate)),
        );
  return requested?.map((field) => {
    // An absent variable and the value null lead to different results of the field, so they need different
    // cache keys: absent is `[]`, and null is `[null]`.
    const values = field.variables.map(({ name, fallback }) =>
      Object.hasOwn(sent, name) ? [sent[name]] : (fallback ?? []),
    );
    const scope = field.isPrivate ? stale.scope : null;
    const id = hash('sha256', JSON.stringify([field.text, values, scope]), 'base64url');
    return { key: field.key, id, maxAgeMs: field.maxAgeMs };
  });
}
