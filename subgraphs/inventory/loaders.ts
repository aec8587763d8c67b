import type { Kysely } from 'kysely';
import { groupLoader } from '../database/loaders.ts';
import { type InventoryTables, stockOf } from './data.ts';

export type InventoryLoaders = ReturnType<typeof createLoaders>;

/** One set for each request: what a loader remembers must not outlive it. */
export function createLoaders(db: Kysely<InventoryTables>) {
  return {
    stock: groupLoader(
      (productIds) => stockOf(db, productIds),
      (row) => row.productId,
    ),
  };
}
