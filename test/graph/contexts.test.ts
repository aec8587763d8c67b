import { afterAll, describe, expect, test } from 'vitest';
import { compose } from '../../router/supergraph/compose.ts';
import { startIssuer } from '../support/callers/tokens.ts';
import { startSmallGraph } from '../support/graphs/small-graph.ts';

const link = (imports: string) =>
  `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: [${imports}])\n`;

const IMPORTS = '"@key", "@context", "@fromContext", "@external", "@requiresScopes"';

let areRowsLost = false;

const shelves = (access = '') => `${link(IMPORTS)}
  type Query { shelves: [Shelf] }
  type Shelf @key(fields: "id") @context(name: "shelf") { id: ID! row: String @external notes: [Note] }
  type Note @key(fields: "id") {
    id: ID!
    plain: String
    text(row: String @fromContext(field: "$shelf { row }"), more: Int): String ${access}
  }`;

const rows = (access = '') => `${link(IMPORTS)}
  type Shelf @key(fields: "id") { id: ID! row: String ${access} width: Int }`;

const PROTECTED = '@requiresScopes(scopes: [["rows"]])';

const SERVICES = {
  shelves: {
    sdl: shelves(PROTECTED),
    resolvers: {
      Query: {
        shelves: () => [
          { id: '1', notes: [{ id: '1' }, { id: '2' }] },
          { id: '2', notes: [{ id: '1' }] },
        ],
      },
      Note: {
        plain: () => 'plain',
        text: ({ id }: { id: string }, { row, more }: { row: string; more?: number }) =>
          `${id} in ${row} ${more}`,
      },
    },
  },
  rows: {
    sdl: rows(PROTECTED),
    resolvers: {
      Shelf: {
        row: ({ id }: { id: string }) => {
          if (areRowsLost) throw new Error('rows are lost');
          return `row ${id}`;
        },
        width: () => 1,
      },
    },
  },
};

const issuing = startIssuer();

async function start() {
  const { issuer, jwksUrl, audience } = await issuing;
  return startSmallGraph({
    services: SERVICES,
    config: `authentication: { issuers: [{ issuer: "${issuer}", jwksUrl: "${jwksUrl}", audience: ${audience} }] }`,
  });
}

const started = start();
afterAll(async () => {
  await (await started)[Symbol.asyncDispose]();
  await (await issuing)[Symbol.asyncDispose]();
});

const QUERY = '{ shelves { notes { plain text(more: 7) } } }';

async function ask(query: string, scope = 'rows') {
  const [graph, issuer] = [await started, await issuing];
  const headers = { authorization: `Bearer ${await issuer.mint({ claims: { scope } })}` };
  return (await graph.post({ query }, headers)).json();
}

describe('a supergraph with @context', () => {
  test('is served: a field receives the value of the object above it, from another subgraph', async () => {
    expect(await ask(QUERY)).toEqual({
      data: {
        shelves: [
          {
            notes: [
              { plain: 'plain', text: '1 in row 1 7' },
              { plain: 'plain', text: '2 in row 1 7' },
            ],
          },
          { notes: [{ plain: 'plain', text: '1 in row 2 7' }] },
        ],
      },
    });
    const { services } = await started;
    // One request for both rows.
    expect(services.get('shelves')?.calls.length).toBe(2);
  });

  test('shows no trace of the argument to clients', async () => {
    const introspected = await ask('{ __type(name: "Note") { fields { name args { name } } } }');
    expect(introspected).toMatchObject({
      data: { __type: { fields: expect.arrayContaining([{ name: 'text', args: [{ name: 'more' }] }]) } },
    });
    expect(await ask('{ shelves { notes { text(row: "x") } } }')).toMatchObject({
      errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }],
    });
  });

  test('delivers null with an error for each field whose value is not available', async () => {
    const { router } = await started;
    router.applyBreakerCommand({ subgraph: 'rows', state: 'open' });
    const { data, errors } = (await ask(QUERY)) as {
      data: unknown;
      errors: { path: unknown; extensions: unknown }[];
    };
    router.applyBreakerCommand({ subgraph: 'rows', state: 'auto' });
    const note = { plain: 'plain', text: null };
    expect(data).toEqual({ shelves: [{ notes: [note, note] }, { notes: [note] }] });
    expect(errors.map(({ path }) => path)).toEqual([
      ['shelves', 0, 'notes', 0, 'text'],
      ['shelves', 0, 'notes', 1, 'text'],
      ['shelves', 1, 'notes', 0, 'text'],
    ]);
    expect(errors.map(({ extensions }) => extensions)).toEqual(
      errors.map(() => expect.objectContaining({ code: 'SUBGRAPH_CIRCUIT_OPEN', service: 'rows' })),
    );
  });

  test('passes null for a value that its subgraph reports as null with an error', async () => {
    areRowsLost = true;
    const { data } = (await ask(QUERY)) as { data: { shelves: { notes: unknown }[] } };
    areRowsLost = false;
    expect(data.shelves[1]).toEqual({ notes: [{ plain: 'plain', text: '1 in null 7' }] });
  });

  test('does not deliver what depends on a value that the caller is not authorized to see', async () => {
    const { services } = await started;
    const before = services.get('rows')?.calls.length;
    expect(await ask(QUERY, 'others')).toMatchObject({
      data: { shelves: [{ notes: [{ plain: 'plain', text: null }, {}] }, {}] },
      errors: expect.arrayContaining([expect.objectContaining({ path: ['shelves', 0, 'notes', 0, 'text'] })]),
    });
    expect(services.get('rows')?.calls.length).toBe(before);
  });

  test('is not composed if a field reads a value that requires more than the field', () => {
    const subgraph = (name: string, sdl: string) => ({ name, url: 'http://127.0.0.1:9/', place: name, sdl });
    const composition = compose([subgraph('shelves', shelves()), subgraph('rows', rows(PROTECTED))]);
    expect(composition).toMatchObject({
      kind: 'failed',
      findings: [{ code: 'MISSING_TRANSITIVE_AUTH_REQUIREMENTS' }],
    });
  });
});
