import { RegistryError } from '../errors.ts';
import type { RegistryDatabase, VariantRow } from './tables.ts';

/** A reference to a variant: `shop@production`. */
export type GraphRef = { readonly graph: string; readonly variant: string };

const refForm = /^([a-zA-Z][\w-]{0,63})@([a-zA-Z][\w.-]{0,63})$/;

/** @throws {RegistryError} BAD_USER_INPUT unless the text is a reference */
export function parseRef(text: string): GraphRef {
  const [, graph, variant] = refForm.exec(text) ?? [];
  if (graph !== undefined && variant !== undefined) return { graph, variant };
  throw new RegistryError(
    'BAD_USER_INPUT',
    `"${text.slice(0, 140)}" is not a reference such as shop@production: letters, digits, _ and -, at most 64`,
  );
}

export function refOf({ graph, name }: Pick<VariantRow, 'graph' | 'name'>): string {
  return `${graph}@${name}`;
}

export async function findVariant(db: RegistryDatabase, ref: GraphRef): Promise<VariantRow | undefined> {
  return db
    .selectFrom('variants')
    .selectAll()
    .where('graph', '=', ref.graph)
    .where('name', '=', ref.variant)
    .executeTakeFirst();
}

/** @throws {RegistryError} NOT_FOUND */
export async function requireVariant(db: RegistryDatabase, ref: GraphRef): Promise<VariantRow> {
  const variant = await findVariant(db, ref);
  if (variant !== undefined) return variant;
  throw new RegistryError('NOT_FOUND', `there is no variant ${ref.graph}@${ref.variant}`);
}

/** Returns the variant, which is created with its graph if it does not exist. */
export async function ensureVariant(db: RegistryDatabase, ref: GraphRef, now: number): Promise<VariantRow> {
  const created_at = new Date(now);
  await db
    .insertInto('graphs')
    .values({ name: ref.graph, created_at })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  await db
    .insertInto('variants')
    .values({ graph: ref.graph, name: ref.variant, created_at, settings: '{}' })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return requireVariant(db, ref);
}
