import type { ServiceDefinition } from '../support/subgraphs/service.ts';

/**
 * The schema that is fuzzed: nulls have far to travel in it, within one service and between two. Nobody asks
 * its resolvers.
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
