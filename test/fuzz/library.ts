import type { ServiceDefinition } from '../support/subgraphs/service.ts';

/**
 * The schema under test, in which nulls propagate far, within one service and between two. Its resolvers are
 * not called.
 */
export const LIBRARY: Readonly<Record<string, ServiceDefinition>> = {
  books: {
    sdl: `
      type Query { books: [Book!] @listSize(assumedSize: 2) book(id: ID!): Book }
      type Mutation { rename(id: ID!, title: String!): Book }
      type Book @key(fields: "id") { id: ID! title: String pages: Int! }
    `,
    resolvers: {},
  },
  reviews: {
    sdl: `
      type Query { newest: Review! }
      type Review { text: String! book: Book }
      type Book @key(fields: "id") { id: ID! reviews: [Review!]! @listSize(assumedSize: 3) }
    `,
    resolvers: {},
  },
};
