import type { SmallGraphOptions } from './small-graph.ts';

/**
 * Returns two services: books, and notes about them. Each response has a new note, so that tests can see
 * which response a value is from.
 */
export function privateNotes(): SmallGraphOptions['services'] {
  let responses = 0;
  return {
    books: {
      sdl: `
        type Query { book: Book }
        type Mutation { read: Book }
        type Book @key(fields: "id") { id: ID! title: String }
      `,
      resolvers: {
        Query: { book: () => ({ id: '1', title: 'Emma' }) },
        Mutation: { read: () => ({ id: '1', title: 'Emma' }) },
      },
    },
    notes: {
      sdl: 'type Book @key(fields: "id") { id: ID! mine: Int ours: Int }',
      resolvers: { Book: { mine: () => (responses += 1), ours: () => 42 } },
    },
  };
}

export const NOTES_CONFIG = `
degradation:
  stale:
    Book.mine: { maxAgeS: 60 }
    Book.ours: { maxAgeS: 60, per: everyone }
`;
