import type { Kysely } from 'kysely';
import { demoCategories, demoProducts } from '../shop/demo/catalog.ts';
import type { ProductTables } from './data.ts';

export async function seed(db: Kysely<ProductTables>): Promise<void> {
  await db
    .insertInto('categories')
    .values(demoCategories.map(({ id, name, parentId }) => ({ id, name, parent_id: parentId })))
    .execute();
  await db
    .insertInto('products')
    .values(
      demoProducts.map(({ weightGrams, categoryId, createdAt, ...product }) => ({
        ...product,
        weight_grams: weightGrams,
        category_id: categoryId,
        created_at: createdAt,
      })),
    )
    .execute();
}
