import type { Kysely } from 'kysely';
import { groupLoader, rowLoader } from '../shared/loaders.ts';
import { findCategories, findChildren, findProducts, type ProductTables } from './data.ts';

export type ProductLoaders = ReturnType<typeof createLoaders>;

export function createLoaders(db: Kysely<ProductTables>) {
  return {
    productById: rowLoader(
      (ids) => findProducts(db, 'id', ids),
      (product) => product.id,
    ),
    productBySku: rowLoader(
      (skus) => findProducts(db, 'sku', skus),
      (product) => product.sku,
    ),
    category: rowLoader(
      (ids) => findCategories(db, ids),
      (category) => category.id,
    ),
    childCategories: groupLoader(
      (parentIds) => findChildren(db, parentIds),
      (category) => category.parent_id ?? '',
    ),
  };
}
