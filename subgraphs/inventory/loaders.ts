import type { Kysely } from 'kysely';
import { groupLoader } from '../shared/loaders.ts';
import { type InventoryTables, stockOf } from './data.ts';

export type InventoryLoaders = ReturnType<typeof createLoaders>;

/** Creates the loaders of one request, because a loader caches rows. */
export function createLoaders(db: Kysely<InventoryTables>) {
  return {
    stock: groupLoader(
      (productIds) => stockOf(db, productIds),
      (row) => row.productId,
    ),
  };
}
