import { sql, type Kysely, type Selectable, type SelectQueryBuilder, type Updateable } from 'kysely';
import type { Migration } from 'kysely/migration';
import {
  fetchConnection,
  type Connection,
  type Ordering,
  type PageArguments,
} from '../../database/connection.ts';

export type ProductTables = {
  readonly categories: { readonly id: string; readonly name: string; readonly parent_id: string | null };
  readonly products: {
    readonly id: string;
    readonly sku: string;
    readonly name: string;
    readonly description: string;
    /** numeric(12, 2): an exact decimal in SQL, its digits in JavaScript. */
    readonly price: string;
    readonly currency: string;
    readonly weight_grams: number;
    readonly category_id: string;
    readonly tags: readonly string[];
    readonly created_at: Date;
  };
};

export type Product = Selectable<ProductTables['products']>;
export type Category = Selectable<ProductTables['categories']>;
export type ProductChange = Omit<Updateable<ProductTables['products']>, 'id'>;
export type ProductOrder = 'NEWEST' | 'NAME' | 'PRICE_ASC' | 'PRICE_DESC';

export type ProductFilter = {
  readonly text?: string | null;
  readonly categoryId?: string | null;
  readonly minPrice?: string | null;
  readonly maxPrice?: string | null;
  readonly tags?: readonly string[] | null;
};

type Db = Kysely<ProductTables>;
type ProductQuery = SelectQueryBuilder<ProductTables, 'products', Product>;

export const migrations: Readonly<Record<string, Migration>> = {
  '001-catalogue': {
    async up(db) {
      await db.schema
        .createTable('categories')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('parent_id', 'text', (column) => column.references('categories.id'))
        .execute();
      await db.schema
        .createTable('products')
        .addColumn('id', 'text', (column) => column.primaryKey())
        .addColumn('sku', 'text', (column) => column.notNull().unique())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('description', 'text', (column) => column.notNull())
        .addColumn('price', 'numeric(12, 2)', (column) => column.notNull().check(sql`price > 0`))
        .addColumn('currency', 'text', (column) => column.notNull())
        .addColumn('weight_grams', 'integer', (column) => column.notNull().check(sql`weight_grams > 0`))
        .addColumn('category_id', 'text', (column) => column.notNull().references('categories.id'))
        .addColumn('tags', sql`text[]`, (column) => column.notNull())
        // Milliseconds, as in JavaScript: a cursor must contain the exact stored time.
        .addColumn('created_at', 'timestamptz(3)', (column) => column.notNull())
        .execute();
      await createIndexes(db);
    },
  },
};

async function createIndexes(db: Kysely<unknown>): Promise<void> {
  await sql`create index categories_parent on categories (parent_id, name, id)`.execute(db);
  await sql`create index products_newest on products (created_at, id)`.execute(db);
  await sql`create index products_name on products (name, id)`.execute(db);
  await sql`create index products_price on products (price, id)`.execute(db);
  await sql`create index products_category on products (category_id)`.execute(db);
  await sql`create index products_tags on products using gin (tags)`.execute(db);
}

const orderings: Readonly<Record<ProductOrder, Ordering<Product>>> = {
  NEWEST: {
    name: 'newest',
    columns: ['created_at', 'id'],
    direction: 'desc',
    keysetOf: ({ created_at, id }) => [created_at.toISOString(), id],
  },
  NAME: { name: 'name', columns: ['name', 'id'], direction: 'asc', keysetOf: ({ name, id }) => [name, id] },
  PRICE_ASC: {
    name: 'cheapest',
    columns: ['price', 'id'],
    direction: 'asc',
    keysetOf: ({ price, id }) => [price, id],
  },
  PRICE_DESC: {
    name: 'dearest',
    columns: ['price', 'id'],
    direction: 'desc',
    keysetOf: ({ price, id }) => [price, id],
  },
};

const categoriesByName: Ordering<Category> = {
  name: 'categories',
  columns: ['name', 'id'],
  direction: 'asc',
  keysetOf: ({ name, id }) => [name, id],
};

export function listProducts(
  db: Db,
  filter: ProductFilter,
  orderBy: ProductOrder,
  page: PageArguments,
): Promise<Connection<Product>> {
  return fetchConnection(
    applyFilter(db.selectFrom('products').selectAll(), filter),
    orderings[orderBy],
    page,
  );
}

export function listCategories(
  db: Db,
  parentId: string | null,
  page: PageArguments,
): Promise<Connection<Category>> {
  const query = db.selectFrom('categories').selectAll();
  const below =
    parentId === null ? query.where('parent_id', 'is', null) : query.where('parent_id', '=', parentId);
  return fetchConnection(below, categoriesByName, page);
}

export function findProducts(db: Db, column: 'id' | 'sku', keys: readonly string[]): Promise<Product[]> {
  return db.selectFrom('products').selectAll().where(column, 'in', keys).execute();
}

export function findCategories(db: Db, ids: readonly string[]): Promise<Category[]> {
  return db.selectFrom('categories').selectAll().where('id', 'in', ids).execute();
}

export function findChildren(db: Db, parentIds: readonly string[]): Promise<Category[]> {
  return db
    .selectFrom('categories')
    .selectAll()
    .where('parent_id', 'in', parentIds)
    .orderBy('name')
    .orderBy('id')
    .execute();
}

export function insertProduct(db: Db, product: Product): Promise<Product> {
  return db.insertInto('products').values(product).returningAll().executeTakeFirstOrThrow();
}

/** Changes the defined fields; returns null if the product does not exist. */
export async function changeProduct(db: Db, id: string, change: ProductChange): Promise<Product | null> {
  if (Object.values(change).every((value) => value === undefined)) {
    return (await findProducts(db, 'id', [id])).at(0) ?? null;
  }
  const query = db.updateTable('products').set(change).where('id', '=', id);
  return (await query.returningAll().executeTakeFirst()) ?? null;
}

function applyFilter(products: ProductQuery, filter: ProductFilter): ProductQuery {
  let query = products;
  for (const word of wordsOf(filter.text ?? '')) query = query.where(containsWord(word));
  if (filter.categoryId != null) query = query.where(belongsBelow(filter.categoryId));
  if (filter.minPrice != null) query = query.where('price', '>=', filter.minPrice);
  if (filter.maxPrice != null) query = query.where('price', '<=', filter.maxPrice);
  if (filter.tags != null) query = query.where(sql<boolean>`tags @> ${filter.tags}::text[]`);
  return query;
}

function wordsOf(text: string): readonly string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function containsWord(word: string) {
  // Escapes wildcards, so that a search for "100%" finds the character.
  const pattern = `%${word.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
  return sql<boolean>`(name ilike ${pattern} or description ilike ${pattern} or sku ilike ${pattern})`;
}

function belongsBelow(categoryId: string) {
  return sql<boolean>`category_id in (
    with recursive subtree as (
      select id from categories where id = ${categoryId}
      union
      select child.id from categories child join subtree on child.parent_id = subtree.id
    )
    select id from subtree
  )`;
}
