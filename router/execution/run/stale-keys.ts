import { hash } from 'node:crypto';
import type { FetchProgram } from '../compile/fetch-program.ts';
import type { StaleKey } from '../stale/stale-values.ts';
import type { Execution } from './execution.ts';

/**
 * What a fetch of this execution asks of each entity, of which values are kept; undefined where that is nothing.
 *
 * @param only the coordinates that are meant, where others were answered.
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
    // In lists of one, as an absent value and null may be answered differently.
    const values = field.variables.map(({ name, fallback }) =>
      Object.hasOwn(sent, name) ? [sent[name]] : (fallback ?? []),
    );
    const scope = field.isPrivate ? stale.scope : null;
    const id = hash('sha256', JSON.stringify([field.text, values, scope]), 'base64url');
    return { key: field.key, id, maxAgeMs: field.maxAgeMs };
  });
}
