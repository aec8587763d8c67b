import type { Random } from '../differential/random.ts';

/** Responses of both subgraphs. */
export type RandomResponse = { readonly status: number; readonly type: string; readonly body: string };

/** Texts that no response of the router may contain. */
export const SECRETS = /secret-host|\/srv\/app|10\.66\.0\.1/;

const BOOK = {
  __typename: 'Book',
  id: '1',
  title: 'T',
  pages: 1,
  reviews: [{ text: 'R', book: { __typename: 'Book', id: '1' } }],
};
const GOOD = JSON.stringify({
  data: {
    books: [BOOK, { ...BOOK, id: '2' }],
    book: BOOK,
    newest: BOOK.reviews[0],
    rename: BOOK,
    _entities: [BOOK, BOOK],
  },
});
const ERROR = {
  message:
    'connect ECONNREFUSED 10.66.0.1:5432 at http://secret-host:9999/x\n    at f (/srv/app/index.js:1:1)',
  path: ['books', 0, '__proto__'],
  extensions: {
    code: 'X',
    http: { status: 500, headers: { 'set-cookie': 'a=b' } },
    stacktrace: ['at f (/srv/app/index.js:1:1)'],
    response: { url: 'http://secret-host/' },
  },
};
const BODIES = [
  '',
  'null',
  '[]',
  '{}',
  '{"data":[]}',
  '{"data":{}}',
  '{"errors":[]}',
  '{"errors":[null]}',
  '\u0000',
  '{"data":',
  '{"data":{"__proto__":{"polluted":1},"books":[{"id":"1","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}]}}',
  `{"data":{"books":${'['.repeat(5_000)}${']'.repeat(5_000)}}}`,
  '{"data":{"books":[{"id":{"toString":null},"title":{"a":[]},"pages":1e400}],"book":[],"newest":"x","_entities":{"length":9}}}',
  '{"data":{"books":[null],"_entities":[null,null,null]}}',
  '{"data":{"books":[{"id":"1","pages":null},{"id":"2"},{"pages":"many"}],"_entities":[{"reviews":[null]},{"reviews":null}]}}',
  '{"data":{"newest":{"text":null,"book":{"__typename":"Book","id":null}},"_entities":[{"pages":1.5,"title":["T"]}]}}',
  '{"data":{"newest":null,"_entities":[{"reviews":[{"text":[]},{"book":{"__typename":"Review"}}]}]},"errors":[{"message":"no","path":["_entities",0,"reviews",1]}]}',
  '{"data":{"books":{"length":1000000000},"_entities":"x"}}',
  JSON.stringify({ data: null, errors: [ERROR] }),
  JSON.stringify({ data: { books: [BOOK, null] }, errors: [ERROR, { ...ERROR, path: 'x' }] }),
  JSON.stringify({ data: { books: null, book: null }, errors: Array.from({ length: 700 }, () => ERROR) }),
  JSON.stringify({
    data: null,
    errors: [{ message: 'm'.repeat(100_000), extensions: { code: 'C'.repeat(10_000) } }],
  }),
  '<html>http://secret-host:9999/ at f (/srv/app/index.js:1:1)</html>',
] as const satisfies readonly string[];

export function randomResponse(random: Random): RandomResponse {
  const status = random.chance(0.05) ? random.pick([204, 301, 400, 401, 404, 418, 500, 503]) : 200;
  const type = random.chance(0.03) ? random.pick(['text/html', 'application/x', '']) : 'application/json';
  return { status, type, body: random.chance(0.6) ? GOOD : (random.maybePick(BODIES) ?? GOOD) };
}
