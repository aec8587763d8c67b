import { z } from 'zod';
import { stripIgnoredCharacters } from 'graphql';
import { withoutByteOrderMark } from '../shared/utf8.ts';
import { sha256Of } from './registry.ts';

/** An operation that a manifest lists, with its id and its document. */
export type ManifestOperation = {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly body: string;
};

/** A manifest: the list of persisted operations that a client may send. */
export type Manifest = {
  readonly operations: number;
  readonly list: readonly ManifestOperation[];
  /** Returns the document with the given id or SHA-256 from the manifest; undefined if there is none. */
  readonly byId: (id: string) => string | undefined;
  /**
   * Returns the document from the manifest that equals the given text apart from whitespace, commas and
   * comments.
   */
  readonly byText: (source: string) => string | undefined;
};

const manifestSchema = z.object({
  format: z.literal('apollo-persisted-query-manifest'),
  version: z.literal(1),
  operations: z.array(
    z.object({ id: z.string().min(1), name: z.string(), type: z.string(), body: z.string().min(1) }),
  ),
});

/**
 * Reads a manifest in Apollo's format.
 * @throws {Error} if it is invalid, with a message in one line
 */
export function parseManifest(text: string): Manifest {
  const parsed = manifestSchema.safeParse(JSON.parse(withoutByteOrderMark(text)));
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error).replaceAll('\n', ' '));
  const { operations } = parsed.data;
  const ids = new Map<string, string>();
  for (const { id, body } of operations) {
    if ((ids.get(id) ?? body) !== body) throw new Error(`the id ${id} is used by two operations`);
    ids.set(id, body);
  }
  const bodies = operations.map(({ body }) => body);
  const hashes = new Map(bodies.map((body) => [sha256Of(body), body]));
  const exact = new Set(bodies);
  const stripped = new Map(bodies.map((body) => [stripIgnoredCharacters(body), body]));
  const longest = 2 * Math.max(0, ...bodies.map(({ length }) => length)) + 1_024;
  return {
    operations: operations.length,
    list: operations,
    byId: (id) => ids.get(id) ?? hashes.get(id),
    byText(source) {
      if (exact.has(source)) return source;
      // A text that is longer than every operation of the manifest, even with additional whitespace, cannot
      // match, so it need not be tokenized.
      return source.length > longest ? undefined : stripped.get(strippedText(source));
    },
  };
}

function strippedText(source: string): string {
  try {
    return stripIgnoredCharacters(source);
  } catch {
    // A text with a syntax error matches no operation of a manifest. Parsing rejects it later with its
    // location.
    return '';
  }
}
