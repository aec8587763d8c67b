import type { Kysely } from 'kysely';
import { randomUUID } from 'node:crypto';
import { requireRole } from '../shared/caller.ts';
import type { PageArguments } from '../../database/connection.ts';
import { fail, shopError } from '../shared/errors.ts';
import type { RequestFacts, Resolvers } from '../shared/serve.ts';
import { isForeignKeyViolation, isUniqueViolation } from '../../database/postgres-errors.ts';
import { shopScalars } from '../shop/scalars.ts';
import {
  changeProduct,
  insertProduct,
  listCategories,
  listProducts,
  type Category,
  type Product,
  type ProductChange,
  type ProductFilter,
  type ProductOrder,
  type ProductTables,
} from './data.ts';
import type { ProductLoaders } from './loaders.ts';

export type ProductContext = RequestFacts & { readonly loaders: ProductLoaders };

type ProductKey = { readonly id?: string | null; readonly sku?: string | null };
type NewProductInput = Pick<Product, 'sku' | 'name' | 'description' | 'price' | 'tags'> & {
  readonly weightGrams: number;
  readonly categoryId: string;
};
type ProductInput = { readonly [Name in keyof NewProductInput]?: NewProductInput[Name] | null };
type ListArguments = PageArguments & {
  readonly filter?: ProductFilter | null;
  readonly orderBy?: ProductOrder | null;
};

const currency = 'EUR';
const maxTextLength = 100;
const maxTags = 20;

export function createResolvers(db: Kysely<ProductTables>, now: () => number): Resolvers {
  return {
    ...shopScalars,
    Query: {
      product: (_: unknown, key: ProductKey, { loaders }: ProductContext) => loadProduct(key, loaders),
      products: (_: unknown, { filter, orderBy, ...page }: ListArguments) =>
        listProducts(db, readFilter(filter ?? {}), orderBy ?? 'NEWEST', page),
      categories: (_: unknown, { parentId, ...page }: PageArguments & { parentId?: string | null }) =>
        listCategories(db, parentId ?? null, page),
    },
    Mutation: {
      async createProduct(_: unknown, { input }: { input: NewProductInput }, { caller }: ProductContext) {
        requireRole(caller, 'catalog');
        checkInput(input);
        return insertProduct(db, newProduct(input, new Date(now()))).catch(reject);
      },
      async updateProduct(
        _: unknown,
        { id, input }: { id: string; input: ProductInput },
        { caller, loaders }: ProductContext,
      ) {
        requireRole(caller, 'catalog');
        checkInput(input);
        const product = await changeProduct(db, id, changeOf(input)).catch(reject);
        loaders.productById.clearAll();
        loaders.productBySku.clearAll();
        return product ?? fail('NOT_FOUND', `There is no product "${id}".`);
      },
    },
    Product: {
      // Async, because a synchronous error would fail the whole list of entities.
      __resolveReference: async ({ id, sku }: ProductKey, { loaders }: ProductContext) =>
        id == null ? loaders.productBySku.load(sku ?? '') : loaders.productById.load(id),
      price: ({ price, currency }: Product) => ({ amount: price, currency }),
      weightGrams: (product: Product) => product.weight_grams,
      imageUrl: ({ sku }: Product, { size }: { size: 'THUMB' | 'LARGE' }) =>
        `https://images.shop.example/${sku}/${size.toLowerCase()}.webp`,
      category: (product: Product, _: unknown, { loaders }: ProductContext) =>
        loaders.category.load(product.category_id),
    },
    Category: {
      __resolveReference: async ({ id }: { id: string }, { loaders }: ProductContext) =>
        loaders.category.load(id),
      parent: ({ parent_id }: Category, _: unknown, { loaders }: ProductContext) =>
        parent_id === null ? null : loaders.category.load(parent_id),
      children: ({ id }: Category, _: unknown, { loaders }: ProductContext) =>
        loaders.childCategories.load(id),
    },
  };
}

function loadProduct({ id, sku }: ProductKey, loaders: ProductLoaders): Promise<Product | null> {
  if (id != null && sku == null) return loaders.productById.load(id);
  if (sku != null && id == null) return loaders.productBySku.load(sku);
  return fail('BAD_USER_INPUT', 'Give either "id" or "sku".');
}

function readFilter(filter: ProductFilter): ProductFilter {
  if ((filter.text ?? '').length > maxTextLength) {
    fail('BAD_USER_INPUT', `"text" must have at most ${maxTextLength} characters.`);
  }
  if ((filter.tags ?? []).length > maxTags) fail('BAD_USER_INPUT', `"tags" must be at most ${maxTags}.`);
  return filter;
}

function newProduct(input: NewProductInput, createdAt: Date): Product {
  const { weightGrams, categoryId, ...fields } = input;
  return {
    ...fields,
    name: fields.name.trim(),
    id: `product-${randomUUID()}`,
    currency,
    weight_grams: weightGrams,
    category_id: categoryId,
    created_at: createdAt,
  };
}

function changeOf(input: ProductInput): ProductChange {
  return {
    sku: input.sku ?? undefined,
    name: input.name?.trim(),
    description: input.description ?? undefined,
    price: input.price ?? undefined,
    weight_grams: input.weightGrams ?? undefined,
    category_id: input.categoryId ?? undefined,
    tags: input.tags ?? undefined,
  };
}

function checkInput(input: ProductInput): void {
  const { sku, name, description, price, weightGrams, tags } = input;
  const isLabel = (tag: string) => tag.length >= 1 && tag.length <= 40;
  const problems = [
    sku != null &&
      !/^[A-Z0-9-]{3,32}$/.test(sku) &&
      '"sku" must be 3 to 32 capital letters, digits and dashes.',
    name != null && !/^.{1,200}$/u.test(name.trim()) && '"name" must be one line of 1 to 200 characters.',
    description != null && description.length > 5000 && '"description" must have at most 5000 characters.',
    price != null &&
      !isPrice(price) &&
      '"price" must be above 0 and below 10000000, with at most two decimals.',
    weightGrams != null &&
      (weightGrams < 1 || weightGrams > 1_000_000) &&
      '"weightGrams" must be 1 to 1000000.',
    tags != null &&
      !(tags.length <= maxTags && tags.every(isLabel)) &&
      '"tags" must be at most 20 of 1 to 40 characters.',
  ].filter((problem) => problem !== false);
  if (problems.length > 0) fail('BAD_USER_INPUT', problems.join(' '));
}

function isPrice(amount: string): boolean {
  return /^\d{1,7}(\.\d{1,2})?$/.test(amount) && /[1-9]/.test(amount);
}

function reject(error: unknown): never {
  if (isUniqueViolation(error)) throw shopError('CONFLICT', 'The sku is taken by another product.', error);
  if (isForeignKeyViolation(error)) throw shopError('NOT_FOUND', 'There is no such category.', error);
  throw error;
}
