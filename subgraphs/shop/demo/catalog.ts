import { createRandom, type Random } from './random.ts';
import { departments, type Range, type Shelf } from './departments.ts';

export type DemoCategory = {
  readonly id: string;
  readonly name: string;
  /** Null for departments, the roots of the tree. */
  readonly parentId: string | null;
};

export type DemoProduct = {
  readonly id: string;
  readonly sku: string;
  readonly name: string;
  readonly description: string;
  /** An exact decimal with two places. */
  readonly price: string;
  readonly currency: 'EUR';
  readonly weightGrams: number;
  readonly categoryId: string;
  readonly tags: readonly string[];
  readonly createdAt: Date;
};

const brands = [
  'Alderney',
  'Brightwater',
  'Corvane',
  'Dunmore',
  'Eskdale',
  'Fennick',
  'Grauwald',
  'Havn',
  'Isolde',
  'Juniper',
] as const;
const productsPerNoun = 4;
const firstDelivery = Date.UTC(2024, 1, 5, 9);
const hourMs = 3_600_000;

export const demoCategories: readonly DemoCategory[] = departments.flatMap((department) => [
  { id: slug(department.name), name: department.name, parentId: null },
  ...department.shelves.map((shelf) => ({
    id: slug(shelf.name),
    name: shelf.name,
    parentId: slug(department.name),
  })),
]);

export const demoProducts: readonly DemoProduct[] = createProducts();

function createProducts(): DemoProduct[] {
  const random = createRandom(4002);
  const entries = departments.flatMap((department) =>
    department.shelves.flatMap((shelf) =>
      shelf.nouns.flatMap((noun) =>
        pickBrands(random).map((brand) => ({ noun, brand, shelf, tags: department.tags })),
      ),
    ),
  );
  return entries.map(({ noun, brand, shelf, tags }, index) => ({
    id: `product-${index + 1}`,
    sku: `${slug(shelf.name).slice(0, 3).toUpperCase()}-${String(1001 + index)}`,
    name: `${brand} ${noun}`,
    description: describe(noun, brand, shelf),
    price: priceWithin(shelf.priceEuros, random),
    currency: 'EUR',
    weightGrams: random.between(...shelf.weightGrams),
    categoryId: slug(shelf.name),
    tags: tags.filter(() => random.chance(0.45)),
    createdAt: new Date(firstDelivery + index * 31 * hourMs),
  }));
}

function pickBrands(random: Random): string[] {
  const start = random.between(0, brands.length - 1);
  const step = random.pick([1, 3, 7]);
  return Array.from(
    { length: productsPerNoun },
    (_, index) => brands[(start + index * step) % brands.length] ?? '',
  );
}

function describe(noun: string, brand: string, shelf: Shelf): string {
  return `${noun} by ${brand}. ${shelf.pitch}`;
}

/** Prices of whole euros minus a few cents. */
function priceWithin([low, high]: Range, random: Random): string {
  return `${random.between(low, high) - 1}.${random.pick(['90', '95', '99', '50'])}`;
}

function slug(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z]+/g, '-')
    .replaceAll(/^-|-$/g, '');
}
