import { createHash } from 'node:crypto';
import { RegistryError } from '../errors.ts';
import type { RegistryDatabase } from './tables.ts';

export function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Stores texts by their content and returns their SHA-256 hashes in the same order. */
export async function storeDocuments(
  db: RegistryDatabase,
  texts: readonly string[],
  now: number,
): Promise<readonly string[]> {
  const hashes = texts.map(sha256Of);
  const rows = texts.map((body, index) => ({
    sha256: hashes[index] ?? '',
    body,
    created_at: new Date(now),
  }));
  const distinct = [...new Map(rows.map((row) => [row.sha256, row])).values()];
  if (distinct.length > 0) {
    // The new time keeps a text that is stored again from being removed as expired at the same time.
    await db
      .insertInto('documents')
      .values(distinct)
      .onConflict((conflict) => conflict.column('sha256').doUpdateSet({ created_at: new Date(now) }))
      .execute();
  }
  return hashes;
}

/** Reads texts by their hashes. @throws {RegistryError} UNAVAILABLE if a stored text is damaged */
export async function readDocuments(
  db: RegistryDatabase,
  hashes: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (hashes.length === 0) return new Map();
  const rows = await db
    .selectFrom('documents')
    .select(['sha256', 'body'])
    .where('sha256', 'in', [...new Set(hashes)])
    .execute();
  const damaged = rows.find(({ sha256, body }) => sha256Of(body) !== sha256);
  if (damaged !== undefined) throw unusable(damaged.sha256, 'damaged');
  return new Map(rows.map(({ sha256, body }) => [sha256, body]));
}

/** Reads a text; undefined if there is none. @throws {RegistryError} UNAVAILABLE if it is damaged */
export async function readDocument(db: RegistryDatabase, sha256: string): Promise<string | undefined> {
  return (await readDocuments(db, [sha256])).get(sha256);
}

/** Returns a text that another row refers to. @throws {RegistryError} UNAVAILABLE if it is missing */
export function requireText(texts: ReadonlyMap<string, string>, sha256: string): string {
  const text = texts.get(sha256);
  if (text !== undefined) return text;
  throw unusable(sha256, 'missing');
}

function unusable(sha256: string, state: 'damaged' | 'missing'): RegistryError {
  return new RegistryError('UNAVAILABLE', `the stored document ${sha256} is ${state}: restore the database`);
}
