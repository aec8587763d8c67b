import { composeServices } from '@apollo/composition';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { parse } from 'graphql';
import type { GraphQLSchema } from 'graphql';

// The graph of the published benchmarks of federation gateways, with data for a response of about 80 KB.

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key", "@shareable", "@external", "@requires"])`;

const users = Array.from({ length: 6 }, (_, index) => ({
  id: `user-${index}`,
  name: `Name of the user ${index}`,
  username: `user.name.${index}`,
  birthday: 1_000_000 + index,
}));

const products = Array.from({ length: 9 }, (_, index) => ({
  upc: `product-${index}`,
  name: `Product "${index}" with a name of some length`,
  price: 899 + index,
  weight: 100 + index,
}));

const reviews = Array.from({ length: 20 }, (_, index) => ({
  id: `review-${index}`,
  body: `A review of a few words, as people write them: it is number ${index} and says that it is good.`,
  author: `user-${index % users.length}`,
  product: `product-${index % products.length}`,
}));

type Row = Readonly<Record<string, unknown>>;
const byKey = (rows: readonly Row[], key: string) => (reference: Row) =>
  rows.find((row) => row[key] === reference[key]);

const sources = {
  accounts: {
    typeDefs: `type Query { me: User users: [User] } type User @key(fields: "id") { id: ID! name: String username: String birthday: Int }`,
    resolvers: {
      Query: { users: () => users, me: () => users[0] },
      User: { __resolveReference: byKey(users, 'id') },
    },
  },
  products: {
    typeDefs: `type Query { topProducts(first: Int = 5): [Product] } type Product @key(fields: "upc") { upc: String! name: String price: Int weight: Int }`,
    resolvers: {
      Query: { topProducts: (_: unknown, { first }: { first: number }) => products.slice(0, first) },
      Product: { __resolveReference: byKey(products, 'upc') },
    },
  },
  inventory: {
    typeDefs: `type Product @key(fields: "upc") { upc: String! weight: Int @external price: Int @external inStock: Boolean shippingEstimate: Int @requires(fields: "price weight") }`,
    resolvers: {
      Product: {
        __resolveReference: (reference: Row) => ({ ...reference, inStock: true }),
        shippingEstimate: ({ price, weight }: { price: number; weight: number }) =>
          (price > 1000 ? 0 : weight / 2) | 0,
      },
    },
  },
  reviews: {
    typeDefs: `
      type User @key(fields: "id") { id: ID! reviews: [Review] }
      type Product @key(fields: "upc") { upc: String! reviews: [Review] }
      type Review @key(fields: "id") { id: ID! body: String author: User product: Product }
    `,
    resolvers: {
      User: { reviews: ({ id }: Row) => reviews.filter(({ author }) => author === id) },
      Product: { reviews: ({ upc }: Row) => reviews.filter(({ product }) => product === upc) },
      Review: {
        author: ({ author }: Row) => ({ id: author }),
        product: ({ product }: Row) => ({ upc: product }),
      },
    },
  },
};

/** A nested list query of many fetches. */
export const WIDE = `
  fragment User on User { id username name }
  fragment Review on Review { id body }
  fragment Product on Product { inStock name price shippingEstimate upc weight }
  query Wide {
    users { ...User reviews { ...Review product { ...Product reviews { ...Review author { ...User reviews { ...Review product { ...Product } } } } } } }
    topProducts { ...Product reviews { ...Review author { ...User reviews { ...Review product { ...Product } } } } }
  }
`;

export function reviewGraph(): {
  readonly supergraphSdl: string;
  readonly schemas: ReadonlyMap<string, GraphQLSchema>;
} {
  const services = Object.entries(sources).map(([name, { typeDefs, resolvers }]) => ({
    name,
    url: `http://${name}.test/graphql`,
    typeDefs: parse(LINK + typeDefs),
    resolvers,
  }));
  const { supergraphSdl, errors } = composeServices(services);
  if (supergraphSdl === undefined) throw new Error(errors?.join('\n'));
  const schemas = services.map(({ name, typeDefs, resolvers }) => {
    return [name, buildSubgraphSchema([{ typeDefs, resolvers }])] as const;
  });
  return { supergraphSdl, schemas: new Map(schemas) };
}
