import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readManifest } from '../../checks/manifest.ts';
import { compose } from '../../router/supergraph/compose.ts';
import { startService } from '../support/subgraphs/service.ts';
import { runVerb } from '../support/processes/run-verb.ts';
import { MisuseError } from '../../cli/command-spec.ts';

/** `tributary check`: a changed supergraph against the one that is served, on plain files. */

const directory = mkdtempSync(join(tmpdir(), 'tributary-check-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key", "@tag"])';
const PRODUCTS = `${LINK}
type Query { product: Product }
type Product @key(fields: "id") {
  id: ID!
  name: String! @tag(name: "public")
  old: String
}
`;
const REVIEWS = `${LINK}
type Product @key(fields: "id") { id: ID! stars: Int }
`;

const at = (name: string) => join(directory, name);

function write(name: string, text: string): string {
  writeFileSync(at(name), text);
  return at(name);
}

/** Writes the files of a changed supergraph. Returns the path of its supergraph.yaml. */
function changed(name: string, products: string): string {
  write(`${name}.products.graphql`, products);
  write(`${name}.reviews.graphql`, REVIEWS);
  return write(
    `${name}.yaml`,
    `subgraphs:
  products: { routing_url: "http://127.0.0.1:9", schema: { file: ${name}.products.graphql } }
  reviews: { routing_url: "http://127.0.0.1:9", schema: { file: ${name}.reviews.graphql } }
`,
  );
}

function composed(): string {
  const composition = compose(
    Object.entries({ products: PRODUCTS, reviews: REVIEWS }).map(([name, sdl]) => ({
      name,
      sdl,
      url: 'http://127.0.0.1:9',
      place: name,
    })),
  );
  if (composition.kind === 'failed') throw new Error(JSON.stringify(composition.findings));
  return composition.supergraphSdl;
}

const served = write('served.graphql', composed());
const renamed = changed('renamed', PRODUCTS.replace('name:', 'title:'));
const smaller = changed('smaller', PRODUCTS.replace('  old: String\n', ''));
const manifest = write(
  'manifest.json',
  JSON.stringify({
    format: 'apollo-persisted-query-manifest',
    version: 1,
    operations: [
      {
        id: '1',
        name: 'Page',
        type: 'query',
        body: 'query Page {\n  product { name stars }\n}',
        clientName: 'web',
      },
    ],
  }),
);
const relay = write('relay.json', JSON.stringify({ r1: '{ product { id } }' }));

describe('tributary check', () => {
  test('fails for an operation of a manifest that breaks, with exit code 1, annotations and a summary', () => {
    const args = ['check', renamed, '--against', served, '--operations', manifest, '--format', 'github'];
    const main = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
    const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
      cwd: directory,
      encoding: 'utf8',
      env: { ...process.env, GITHUB_STEP_SUMMARY: join(directory, 'summary.md') },
    });
    expect({ status, stderr }).toEqual({ status: 1, stderr: 'the check failed: 1 operation breaks\n' });
    expect(readFileSync(join(directory, 'summary.md'), 'utf8')).toMatch(
      /^## Check .*: failed\n[^]*\n\| Page \| web\\; .* \| Product\\\.name was removed \|\n/,
    );
    expect(stdout).toContain(
      '::error file=renamed.products.graphql,line=3,col=6,title=Breaks Page::Page: web; in a manifest, no calls are counted%0AProduct.name was removed\n',
    );
    expect(stdout).toContain(
      '  BREAKS  Page: web; in a manifest, no calls are counted\n    line 2:13: Product.name was removed\n',
    );
  });

  test('returns the verdicts as data, with the use of each change', async () => {
    const outcome = await runVerb(
      'check',
      smaller,
      '--against',
      served,
      '--operations',
      manifest,
      '--operations',
      relay,
    );
    expect(outcome).toMatchObject({
      kind: 'success',
      data: {
        operations: [
          { id: '1', name: 'Page', client: 'web', verdict: 'safe', plan: { callsBefore: 2, callsAfter: 2 } },
          { id: 'r1', name: null, client: null, verdict: 'safe' },
        ],
        changes: [{ code: 'FIELD_REMOVED', coordinate: 'Product.old', verdict: 'safe' }],
      },
    });
  });

  test('fails for a change of what operations use that a router had no room to record', async () => {
    const recorded = JSON.parse(readFileSync(manifest, 'utf8'));
    const file = write(
      'usage.json',
      JSON.stringify({ ...recorded, dropped: 3, droppedCoordinates: { 'Product.old': 3, 'Product.id': 3 } }),
    );
    expect(await runVerb('check', smaller, '--against', served, '--operations', file)).toMatchObject({
      kind: 'failure',
      message: 'the check failed: 1 change may break operations that are not recorded',
      plain: expect.stringContaining('; used by operations that are not recorded (3 calls)\n'),
    });
  });

  test('counts the operations that are invalid before the change, too', async () => {
    const other = write('other.json', JSON.stringify({ o1: '{ order { id } }' }));
    const { plain } = await runVerb('check', smaller, '--against', served, '--operations', other);
    expect(plain).toContain(
      'Operations: 1 is safe (no call is counted); 1 of them is invalid before the change, too\n',
    );
  });

  test('fails for each breaking change if it is unknown what clients send', async () => {
    const outcome = await runVerb('check', smaller, '--against', served);
    expect(outcome).toMatchObject({ kind: 'failure', code: 'CHECK_FAILED' });
    expect(outcome.kind === 'failure' && outcome.plain).toContain('--operations MANIFEST.json');
  });

  test('fails if the subgraphs do not compose, with the line', async () => {
    const broken = changed('broken', PRODUCTS.replace('old: String', 'old: Absent'));
    const outcome = await runVerb('check', broken, '--against', served, '--operations', manifest);
    expect(outcome).toMatchObject({
      kind: 'failure',
      code: 'COMPOSITION_FAILED',
      data: { composition: { errors: [{ subgraph: 'products', line: 6 }] }, operations: [] },
    });
  });

  test('checks contracts and manifests of the configuration', async () => {
    const config = write(
      'router.yaml',
      `graphs: { partner: { path: /partner, exclude: [public] } }
persistedOperations: { clients: { ios: ${relay} } }
`,
    );
    const untagged = changed('untagged', PRODUCTS.replace(' @tag(name: "public")', ''));
    const outcome = await runVerb('check', untagged, '--against', served, '--config', config);
    expect(outcome).toMatchObject({
      kind: 'failure',
      data: {
        operations: [{ id: 'r1', client: 'ios', verdict: 'safe' }],
        contracts: [{ name: 'partner', composition: { errors: [{ code: 'CONTRACT_INVALID' }] } }],
      },
    });
  });

  test.each([
    ['no supergraph to compare with', [], '--against is missing'],
    ['one that cannot be read', ['--against', at('absent.graphql')], 'cannot read'],
    [
      'one that is a subgraph',
      ['--against', at('renamed.products.graphql')],
      'is no supergraph that can be served',
    ],
    [
      'a manifest that cannot be read',
      ['--against', served, '--operations', at('absent.json')],
      'cannot read',
    ],
    [
      'a manifest of another form',
      ['--against', served, '--operations', write('list.json', '[]')],
      'list.json:1: ',
    ],
    [
      'two manifests with different operations of one id',
      [
        '--against',
        served,
        '--operations',
        manifest,
        '--operations',
        write('same.json', '{ "1": "{ product { id } }" }'),
      ],
      'the id 1 is used by two operations',
    ],
    [
      'a number that is none',
      ['--against', served, '--since-days', 'week'],
      '--since-days must be a whole number',
    ],
  ])('reports %s as misuse', async (_name, args, message) => {
    await expect(runVerb('check', renamed, ...args)).rejects.toThrow(message);
  });

  // Exit code 1 would say that the change breaks something.
  test.each([
    ['that is absent', at('absent.yaml'), 'file not found: '],
    ['that is no YAML', write('unclosed.yaml', 'subgraphs: ['), 'unclosed.yaml:1: '],
    [
      'with a schema that is absent',
      write(
        'no-schema.yaml',
        'subgraphs: { a: { routing_url: "http://127.0.0.1:9", schema: { file: absent.graphql } } }',
      ),
      'schema of subgraph a: file not found: ',
    ],
  ])('reports a changed supergraph %s as misuse', async (_name, file, message) => {
    const misuse = runVerb('check', file, '--against', served);
    await expect(misuse).rejects.toThrow(MisuseError);
    await expect(misuse).rejects.toThrow(message);
  });
});

describe('a manifest', () => {
  test.each([
    ['a syntax error', '{ "a": "{ b }",\n }', 'm.json:2:2: '],
    ['an end that is missing', '{ "a": ', 'm.json:1:8: '],
    [
      'a body of another type',
      '{ "format": "apollo-persisted-query-manifest", "version": 1,\n  "operations": [\n    { "id": "1",\n      "body": 3 }] }',
      'm.json:4: operations.0.body: ',
    ],
    ['another format', '{ "format": "other", "version": 1, "operations": [] }', 'm.json:1: format: '],
    ['a document that is no text', '{ "a": 1 }', 'm.json:1: a: '],
    [
      'two operations with one id',
      '{ "format": "apollo-persisted-query-manifest", "version": 1, "operations": [{ "id": "1", "body": "{ a }" }, { "id": "1", "body": "{ b }" }] }',
      'm.json: the id 1 is used by two operations',
    ],
  ])('with %s is rejected with the position', (_name, text, message) => {
    expect(() => readManifest(text, 'm.json')).toThrow(message);
  });

  test('may contain the clients that a router has recorded', () => {
    const client = {
      name: 'web',
      version: '2.1',
      calls: 5,
      lastSeen: '2026-11-26T00:00:00.000Z',
      requests: 5,
    };
    const operations = [
      { id: '1', name: null, body: '{ a }', clients: [client] },
      { id: '1', name: null, body: '{ a }', clientName: 'ios' },
    ];
    const text = JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations });
    const { requests: _, ...read } = client;
    expect(readManifest(text, 'm.json')).toEqual([
      { id: '1', name: null, body: '{ a }', clients: [read, { name: 'ios', calls: null }] },
    ]);
  });

  test('compares the responses of a candidate with those of the serving router', async () => {
    const sdl = 'type Query { product: Product } type Product { name: String! }';
    const named = (name: string) => ({ sdl, resolvers: { Query: { product: () => ({ name }) } } });
    await using serving = await startService(named('Cup'));
    await using candidate = await startService(named('Mug'));
    const names = write('names.json', JSON.stringify({ n1: 'query Names { product { name } }' }));
    const args = ['check', smaller, '--against', served, '--operations', names] as const;
    const outcome = await runVerb(...args, '--replay', serving.url, '--candidate', candidate.url);
    const different = [{ id: 'n1', path: 'data.product.name', before: 'Cup', after: 'Mug' }];
    expect(outcome).toMatchObject({
      kind: 'failure',
      message: 'the check failed: 1 replayed request has another response',
      data: { replay: { sent: 1, equal: 0, different, skipped: [] } },
    });
    expect(outcome.kind === 'failure' && outcome.plain).toContain(
      'Replay: 1 request sent, 0 with equal responses, 1 with different ones\n' +
        '  operation n1  data.product.name: "Cup" → "Mug"\n',
    );
    const equal = await runVerb(...args, '--replay', serving.url, '--candidate', serving.url);
    expect(equal).toMatchObject({ kind: 'success', data: { replay: { sent: 1, equal: 1 } } });
    await expect(runVerb(...args, '--replay', serving.url)).rejects.toThrow('--candidate');
  });

  test('fails for a replay to which the serving router sends no response with data', async () => {
    const rejecting = { sdl: 'type Query { other: Int }', resolvers: { Query: { other: () => 1 } } };
    await using serving = await startService(rejecting);
    const names = write('names.json', JSON.stringify({ n1: 'query Names { product { name } }' }));
    const changes = write('changes.json', JSON.stringify({ n1: 'mutation Rate { rate }' }));
    const replayed = (operations: string) =>
      runVerb(
        ...(['check', smaller, '--against', served, '--operations', operations] as const),
        ...(['--replay', serving.url, '--candidate', serving.url] as const),
      );
    expect(await replayed(names)).toMatchObject({
      kind: 'failure',
      message: 'the check failed: no request of the replay was compared',
      data: { replay: { sent: 0 } },
    });
    expect(await replayed(changes)).toMatchObject({ kind: 'success' });
  });
});
