/*
 * The shop's data as one graph of objects. All subgraphs and the reference, with which the responses of all
 * targets are compared, resolve from it. Methods take the arguments of a field, as graphql-js calls them.
 */

const USERS = 8;
const ORDERS = 24;
const PRODUCTS = 5_000;
const FIRST_DAY = Date.UTC(2026, 0, 5, 9);
const DAY_MS = 86_400_000;

type Page = { readonly first: number };
type Money = { readonly amount: string; readonly currency: 'EUR' };

export class Product {
  readonly id: string;
  readonly sku: string;
  readonly name: string;
  readonly description: string;
  readonly price: Money;
  readonly weightGrams: number;
  readonly tags: readonly string[];
  readonly inStock: boolean;
  readonly stock: unknown;

  constructor(index: number) {
    this.id = `product-${index}`;
    this.sku = `SKU-${10_000 + index}`;
    this.name = `Product "${index}" with a name of some length`;
    this.description = `What number ${index} is good for, and why it lasts: a sentence as shops write them.`;
    this.price = euros(1_990 + ((index * 370) % 60_000));
    this.weightGrams = 150 + ((index * 97) % 30_000);
    this.tags = index % 3 === 0 ? ['recycled', 'bestseller'] : ['new-season'];
    this.inStock = index % 7 !== 0;
    this.stock = {
      available: (index * 13) % 90,
      warehouses: ['Hamburg', 'Lyon'].map((name, at) => ({ name, available: (index * 13 + at) % 45 })),
    };
  }

  imageUrl({ size }: { size: string }): string {
    return `https://images.example/${this.id}-${size.toLowerCase()}.jpg`;
  }

  /** Computed from weight and price, which the gateway passes as required fields. */
  shippingEstimate({ postalCode }: { postalCode: string }): unknown {
    const heavy = this.weightGrams > 20_000;
    const free = Number(this.price.amount) > 100;
    return {
      price: euros(free ? 0 : 490 + postalCode.length),
      carrier: heavy ? 'FREIGHT' : 'PARCEL_POST',
      minDays: heavy ? 5 : 2,
      maxDays: heavy ? 9 : 4,
    };
  }

  /** Returns this product with the fields of a representation. */
  withFields(fields: Readonly<Record<string, unknown>>): Product {
    return Object.assign(Object.create(this), fields);
  }
}

class User {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly tier = 'PREMIUM';
  readonly roles: readonly string[] = ['customer'];
  readonly addresses: unknown;
  readonly createdAt: string;

  constructor(index: number) {
    this.id = `user-${index}`;
    this.email = `customer.${index}@shop.example`;
    this.name = `Customer Number ${index}`;
    this.addresses = [
      {
        label: 'Home',
        line1: `${index} Harbour Street`,
        city: 'Hamburg',
        postalCode: '20457',
        country: 'DE',
      },
    ];
    this.createdAt = day(index);
  }

  orders(page: Page): unknown {
    return connection(
      orders.filter(({ customer }) => customer === this),
      page,
    );
  }
}

class Order {
  readonly id: string;
  readonly number: string;
  readonly status: string;
  readonly placedAt: string;
  readonly items: readonly { quantity: number; unitPrice: Money; productName: string; product: Product }[];
  readonly totalAmount: Money;
  readonly customer: User;
  readonly shipment: unknown;

  constructor(index: number) {
    this.id = `order-${index}`;
    this.number = `T-${100_000 + index}`;
    this.status = 'SHIPPED';
    this.placedAt = day(100 + index);
    this.customer = at(users, index);
    this.items = Array.from({ length: 4 }, (_, position) => {
      const product = at(products, (index * 5 + position * 2) % 9);
      return {
        quantity: 1 + position,
        unitPrice: product.price,
        productName: product.name,
        product,
      };
    });
    this.totalAmount = euros(9_900 + index * 1_234);
    this.shipment = {
      id: `shipment-${index}`,
      trackingNumber: `TRK${(index + 17) * 7_919}`,
      carrier: 'PARCEL_POST',
      status: 'IN_TRANSIT',
      estimatedDelivery: day(104 + index),
      events: Array.from({ length: 3 }, (_, position) => ({
        occurredAt: day(100 + index + position),
        status: position === 0 ? 'ANNOUNCED' : 'IN_TRANSIT',
        location: position === 0 ? null : 'Hamburg',
        description: `Step ${position} of the way of parcel ${index}.`,
      })),
    };
  }
}

const users = Array.from({ length: USERS }, (_, index) => new User(index));
const products = Array.from({ length: PRODUCTS }, (_, index) => new Product(index));
const orders = Array.from({ length: ORDERS }, (_, index) => new Order(index));

/** Root fields by name. */
export const shop = {
  me: () => at(users, 0),
  user: ({ id }: { id: string }) => find(users, id),
  users: (page: Page) => connection(users, page),
  product: ({ id }: { id: string }) => find(products, id),
  products: (page: Page) => connection(products, page),
  order: ({ id }: { id: string }) => find(orders, id),
  orders: (page: Page) => connection(orders, page),
  placeOrder: () => at(orders, 3),
};

/** Resolvers of entity representations, by type. */
export const entities: Readonly<
  Record<string, (representation: Readonly<Record<string, string>>) => unknown>
> = {
  User: ({ id }) => find(users, id),
  Order: ({ id }) => find(orders, id),
  Product: (representation) => find(products, representation['id'])?.withFields(representation) ?? null,
};

function connection(all: readonly { readonly id: string }[], { first }: Page): unknown {
  const nodes = all.slice(0, first);
  return {
    edges: nodes.map((node) => ({ node, cursor: node.id })),
    pageInfo: {
      hasNextPage: nodes.length < all.length,
      hasPreviousPage: false,
      startCursor: nodes[0]?.id ?? null,
      endCursor: nodes.at(-1)?.id ?? null,
    },
  };
}

function find<T extends { readonly id: string }>(all: readonly T[], id: string | undefined): T | null {
  return all.find((one) => one.id === id) ?? null;
}

function at<T>(all: readonly T[], index: number): T {
  const one = all[index % all.length];
  if (one === undefined) throw new RangeError(`nothing at ${index}`);
  return one;
}

function euros(cents: number): Money {
  return { amount: (cents / 100).toFixed(2), currency: 'EUR' };
}

function day(index: number): string {
  return new Date(FIRST_DAY + index * DAY_MS).toISOString();
}
