import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readManifest } from '../../checks/manifest.ts';
import type { Outcome } from '../../cli/outcome.ts';
import { runVerb } from '../support/processes/run-verb.ts';
import { startTestRegistry } from '../support/registry/test-registry.ts';
import type { TestRegistry } from '../support/registry/test-registry.ts';
import { startService } from '../support/subgraphs/service.ts';

/** The verbs of the command line against a registry. Tests of one group build on each other. */

const folder = mkdtempSync(join(tmpdir(), 'tributary-commands-registry-'));
const cleanUp = new AsyncDisposableStack();
cleanUp.defer(() => rmSync(folder, { recursive: true, force: true }));
afterAll(() => cleanUp.disposeAsync());

let registry: TestRegistry;
beforeAll(async () => {
  registry = cleanUp.use(await startTestRegistry());
});

const PRODUCTS = `type Query { product(id: ID!): Product @tag(name: "public") products: [Product!]! }
type Product @key(fields: "id") @tag(name: "public") { id: ID! name: String! weight: Int price: Int }
`;
const REVIEWS = `type Query { reviews: [Review!]! }
type Review { text: String! product: Product! }
type Product @key(fields: "id") { id: ID! }
`;

const WEIGHTS = 'fragment F on Product { price } mutation Weights { weigh { ...F } }';

/** The calls of one operation, whose document begins with a fragment. */
const WEIGHTS_USAGE = {
  batch: '6c84fb90-12c4-4e11-8f5d-0a5b0f9e2b11',
  instance: 'test',
  operations: [
    {
      signature: createHash('sha256').update(WEIGHTS).digest('hex'),
      name: 'Weights',
      type: 'mutation',
      contract: null,
      body: WEIGHTS,
      fields: ['Mutation.weigh', 'Product.price'],
      arguments: [],
      inputFields: [],
      enumValues: [],
      clients: ['ios', 'web'].map((name) => ({
        name,
        version: '7',
        requests: 12,
        errors: 0,
        cost: 12,
        latencyBuckets: [12, 0],
        firstSeen: new Date().toISOString(),
        lastSeen: new Date().toISOString(),
      })),
    },
  ],
};

/** Writes a schema file and returns its path. */
function schemaFile(name: string, sdl: string): string {
  const file = join(folder, `${name}.graphql`);
  writeFileSync(file, sdl);
  return file;
}

/** Runs a verb for shop@production with the admin key. */
const tributary = (...args: readonly string[]) => runVerb(...args, ...access());

function access(key = registry.adminKey): readonly string[] {
  return ['--registry', registry.url, '--key', key, '--graph', 'shop@production'];
}

const publish = (name: string, sdl: string, ...more: readonly string[]) =>
  tributary('subgraph', 'publish', name, '--schema', schemaFile(name, sdl), ...more);

describe('tributary subgraph', () => {
  test('publish makes a launch and reports it with the members of rover', async () => {
    const url = 'https://products.example/graphql';
    const revision = ['--author', 'Freya', '--commit', '0123456789abcdef'];
    const outcome = await publish('products', PRODUCTS, '--routing-url', url, ...revision);
    expect(outcome).toEqual({
      kind: 'success',
      plain: 'subgraph products published, new\nlaunch 1 of shop@production: serving\n',
      data: {
        api_schema_hash: null,
        supergraph_was_updated: true,
        subgraph_was_created: true,
        subgraph_was_updated: true,
        launch: 1,
        launch_status: 'SERVING',
        supergraph_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        workflow_id: null,
      },
    });
    const reviews = await publish('reviews', REVIEWS, '--routing-url', 'https://reviews.example/graphql');
    expect(reviews).toMatchObject({ kind: 'success', data: { launch: 2 } });
  });

  test('publish of the same schema changes nothing, and keeps the routing URL', async () => {
    expect(await publish('products', PRODUCTS)).toMatchObject({
      kind: 'success',
      plain: 'subgraph products is unchanged\nlaunch 2 of shop@production: serving\n',
      data: { subgraph_was_created: false, subgraph_was_updated: false, supergraph_was_updated: false },
    });
  });

  test('publish of a schema that does not compose is stored, fails, and points to the line', async () => {
    const conflict = REVIEWS.replace('{ id: ID! }', '{ id: ID! name: Int @shareable }');
    const failed = await publish('reviews', conflict);
    expect(failed).toMatchObject({
      kind: 'failure',
      code: 'COMPOSITION_FAILED',
      message:
        'subgraph reviews was published, but shop@production does not compose; routers keep the previous supergraph',
      data: { subgraph_was_updated: true, supergraph_was_updated: false, launch: 3, launch_status: 'FAILED' },
    });
    expect(failed).toHaveProperty('details.build_errors.0.type', 'composition');
    expect(failed).toHaveProperty('annotations.0.file', join(folder, 'reviews.graphql'));
    expect(await publish('reviews', conflict)).toMatchObject({
      message:
        'subgraph reviews is unchanged, and shop@production does not compose; routers keep the previous supergraph',
    });
    expect(await publish('reviews', REVIEWS)).toMatchObject({ kind: 'success', data: { launch: 4 } });
  });

  test('publish of a text that is no schema stores nothing', async () => {
    expect(await publish('reviews', 'type Query {\n  reviews(: Int\n}')).toMatchObject({
      code: 'SCHEMA_INVALID',
      message: 'subgraph reviews was not published: its schema is invalid',
      plain: 'INVALID_GRAPHQL  reviews:2:11: Syntax Error: Expected Name, found ":".\n',
      data: { launch: null, subgraph_was_updated: false },
      annotations: [{ level: 'error', line: 2, column: 11, file: join(folder, 'reviews.graphql') }],
    });
  });

  test('publish of a misspelt name is rejected without a routing URL, and --convert changes nothing', async () => {
    for (const option of [[], ['--convert']])
      expect(await publish('review', REVIEWS, ...option)).toMatchObject({
        code: 'BAD_USER_INPUT',
        message: 'the new subgraph review needs a routing URL',
      });
    expect(await publish('reviews', REVIEWS, '--convert')).toMatchObject({
      plain: expect.stringMatching(/^subgraph reviews is unchanged\n/),
    });
  });

  test('list shows what is published and by whom', async () => {
    const listed = await tributary('subgraph', 'list');
    const lines = (listed.plain ?? '').split('\n').map((line) => line.split(/ {2,}/));
    expect(lines[0]).toEqual(['NAME', 'ROUTING URL', 'VERSION', 'PUBLISHED', 'AUTHOR', 'COMMIT']);
    expect(lines[1]).toEqual([
      'products',
      'https://products.example/graphql',
      '1',
      expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d UTC$/),
      'Freya',
      '0123456789ab',
    ]);
    const time = expect.stringMatching(/Z$/);
    expect(listed).toMatchObject({
      data: {
        subgraphs: [
          {
            name: 'products',
            url: 'https://products.example/graphql',
            updated_at: { local: time, utc: time },
          },
          { name: 'reviews' },
        ],
      },
    });
  });

  test('fetch prints the SDL, also as rover is called, and writes it to a file', async () => {
    const fetched = await runVerb(
      'subgraph',
      'fetch',
      'shop@production',
      '--name',
      'products',
      ...access().slice(0, -2),
    );
    expect(fetched).toMatchObject({
      plain: PRODUCTS,
      data: { sdl: { contents: PRODUCTS }, routing_url: 'https://products.example/graphql', version: 1 },
    });
    const file = join(folder, 'fetched.graphql');
    expect(await tributary('subgraph', 'fetch', 'products', '--output', file)).toMatchObject({
      plain: '',
      notes: [`schema written to ${file}`],
    });
    expect(readFileSync(file, 'utf8')).toBe(PRODUCTS);
    expect(await tributary('subgraph', 'fetch', 'prodcts')).toMatchObject({
      code: 'NOT_FOUND',
      message: 'shop@production has no subgraph prodcts; `tributary subgraph list` shows those that it has',
    });
  });
});

test('tributary subgraph introspect prints the schema of a running subgraph', async () => {
  const file = join(folder, 'introspected.graphql');
  const service = await startService({ sdl: REVIEWS, resolvers: {} });
  const introspect = (...args: readonly string[]) =>
    runVerb('subgraph', 'introspect', service.url, '--header', 'x-tenant: blue', ...args);
  const printed = await introspect();
  expect(printed).toMatchObject({
    kind: 'success',
    plain: expect.stringMatching(/type Review \{\n {2}text: String!\n {2}product: Product!\n\}/),
    data: { introspection_response: expect.stringContaining('@key(fields: "id")') },
  });
  expect(await introspect('--output', file)).toMatchObject({
    plain: '',
    notes: [`schema written to ${file}`],
  });
  expect(readFileSync(file, 'utf8').trimEnd()).toBe(printed.plain?.trimEnd());
  expect(service.calls.map(({ headers }) => headers['x-tenant'])).toEqual(['blue', 'blue']);
  expect(await runVerb('subgraph', 'lint', 'reviews', '--schema', file)).toMatchObject({ kind: 'success' });
  await service[Symbol.asyncDispose]();
  expect(await introspect()).toMatchObject({
    kind: 'failure',
    code: 'INTROSPECTION_FAILED',
    message: expect.stringMatching(/^fetch failed/),
  });
});

describe('tributary subgraph check', () => {
  const check = (name: string, sdl: string, ...more: readonly string[]) =>
    tributary('subgraph', 'check', name, '--schema', schemaFile(name, sdl), ...more);
  const renamed = PRODUCTS.replace('name: String!', 'title: String!');

  test('waits for the report and prints it, with a note while no operation is recorded', async () => {
    const outcome = await check('products', renamed);
    expect(outcome).toMatchObject({
      kind: 'success',
      plain: expect.stringMatching(/^Check of products in shop@production: passed\n\nComposition: passed\n/),
      data: { tasks: { operations: { task_status: 'PASSED' } }, changes: expect.any(Array) },
      notes: [expect.stringMatching(/^no operation is recorded, so no change counts as breaking: /)],
      annotations: expect.arrayContaining([
        expect.objectContaining({ level: 'warning', title: 'No operation is recorded' }),
      ]),
    });
    expect(outcome.plain).toContain("Field 'name' was removed from object type 'Product'");
  });

  test('points to the line of a schema that does not compose', async () => {
    const file = join(folder, 'products.graphql');
    const failed = await check('products', renamed.replace('title: String!', 'title: Strin'));
    expect(failed).toMatchObject({
      kind: 'failure',
      code: 'COMPOSITION_FAILED',
      plain: expect.stringMatching(
        /: FAILED\n\nComposition: FAILED, 1 error:\n {2}error {2}INVALID_GRAPHQL {2}/,
      ),
      annotations: [{ level: 'error', title: 'INVALID_GRAPHQL', file, line: 2 }],
    });
    expect(failed.plain).toContain(`${file}:2: `);
  });

  test('runs in the background, and --id waits for it with any key of the graph', async () => {
    const started = await check('products', renamed, '--background');
    const id = (started.plain ?? '').trim();
    expect(started).toMatchObject({
      kind: 'success',
      data: { workflow_id: id, target_url: null },
      notes: [`check ${id} is running; "tributary subgraph check --id ${id}" waits for its report`],
    });
    const key = await registry.createKey('READ');
    const done = await runVerb('subgraph', 'check', '--id', id, '--registry', registry.url, '--key', key);
    expect(done).toMatchObject({
      kind: 'success',
      plain: expect.stringMatching(/^Check of products: passed\n/),
      data: { workflow_id: id },
    });
    expect(await tributary('subgraph', 'check', '--id', 'nope')).toMatchObject({
      code: 'NOT_FOUND',
      message: 'the registry has no check nope',
    });
  });
});

describe('tributary launch', () => {
  test('list, show and diff tell what changed', async () => {
    const changed = PRODUCTS.replace('weight: Int', 'size: String');
    expect(await publish('products', changed)).toMatchObject({ data: { launch: 5 } });
    const list = await tributary('launch', 'list', '--first', '2');
    expect(list.plain).toMatch(
      /^LAUNCH +STATE +CAUSE +AUTHOR +CREATED +SUPERGRAPH\n5 +serving +publish products .*\n4 +superseded +publish reviews .*\n$/,
    );
    const show = await tributary('launch', 'show', '3');
    expect(show.plain).toMatch(/^launch 3: failed\n {2}cause +publish reviews\n/);
    expect(show.plain).toContain('supergraph  none: the subgraphs do not compose');
    expect((await tributary('launch', 'show')).plain).toMatch(/^launch 5: serving\n/);
    const diff = await tributary('launch', 'diff', '2', '5');
    expect(diff.plain).toContain('Subgraphs:\n  products: version 1 → 2\n');
    expect(diff.plain).toContain(
      "BREAKING   FIELD_REMOVED  Field 'weight' was removed from object type 'Product'",
    );
    expect(await tributary('launch', 'rollback', '99')).toMatchObject({
      message: 'there is no launch 99; `tributary launch list` shows those that there are',
    });
    expect(await tributary('launch', 'diff', '2', '9')).toMatchObject({
      code: 'NOT_FOUND',
      message: 'shop@production has no launch 9; `tributary launch list` shows those that it has',
    });
  });
});

describe('tributary graph and supergraph', () => {
  test('fetch prints the API schema and the supergraph', async () => {
    const api = await tributary('graph', 'fetch');
    expect(api.plain).toContain('size: String');
    expect(api.plain).not.toContain('join__');
    expect(await tributary('supergraph', 'fetch', '--launch', '2')).toMatchObject({
      plain: expect.stringContaining('@join__field'),
      data: { launch: 2, sdl: { contents: expect.stringContaining('weight: Int') } },
    });
  });

  test('status names each router, what it serves since when, and what it rejected', async () => {
    expect((await tributary('graph', 'status')).plain).toBe(
      'shop@production: launch 5 serves (release 4)\n\nno router has reported within the last ten minutes\n',
    );
    const at = '2026-11-27T11:02:00.000Z';
    const report = {
      instance: 'router-1',
      routerVersion: '0.1.0',
      startedAt: at,
      sequence: 3,
      serving: { launch: 4, since: at },
      canary: null,
      rejections: [{ sequence: 4, launch: 5, reasons: ['the signature is wrong'], at }],
      canaryStats: null,
      decision: null,
    };
    expect((await registry.post('/routers/shop/production', report)).status).toBe(204);
    const status = await tributary('graph', 'status');
    expect(status.plain).toMatch(/\nrouter-1 +3 +launch 4 +2026-11-27 11:02 UTC /);
    expect(status.plain).toContain(
      'router-1 rejected release 4 (launch 5) at 2026-11-27 11:02 UTC: the signature is wrong\n',
    );
    expect(status).toMatchObject({
      data: { release: { sequence: 4, serving: 5 }, routers: [{ serving: 4 }] },
    });
  });

  test('settings changes what is given and keeps the rest', async () => {
    await tributary('graph', 'settings', '--since-days', '14', '--exclude-client', 'load-test');
    const changed = await tributary('graph', 'settings', '--ignore-below-calls', '5', '--publish', 'checked');
    expect(changed).toMatchObject({
      data: {
        settings: {
          publish: 'CHECKED',
          checks: { sinceDays: 14, ignoreBelowCalls: 5, excludeClients: ['load-test'] },
        },
      },
    });
    expect((await tributary('graph', 'settings')).plain).toBe(changed.plain);
  });

  test('settings of lint decide what a check reports', async () => {
    const file = join(folder, 'lint.json');
    const cased = schemaFile('cased', PRODUCTS.replace('price: Int', 'price: Int list_price: Int'));
    const configure = (rules: object, ignore: object) => {
      writeFileSync(file, JSON.stringify({ rules, ignore }));
      return tributary('graph', 'settings', '--lint', file);
    };
    const check = () => tributary('subgraph', 'check', 'products', '--schema', cased);
    const finding = { code: 'FIELD_NAME_CASE', coordinate: 'Product.list_price' };
    expect(await check()).toMatchObject({
      kind: 'success',
      data: { lint: expect.arrayContaining([expect.objectContaining(finding)]) },
    });
    const rules = { FIELD_NAME_CASE: 'error' };
    expect(await configure(rules, {})).toMatchObject({
      data: { settings: { checks: { sinceDays: 14, lint: { rules, ignore: {} } } } },
    });
    expect(await check()).toMatchObject({ kind: 'failure', code: 'CHECK_FAILED' });
    await configure(rules, { FIELD_NAME_CASE: ['Product.list_price'] });
    expect(await check()).toMatchObject({
      kind: 'success',
      data: { lint: expect.not.arrayContaining([expect.objectContaining(finding)]) },
    });
    expect(await configure({ NO_RULE: 'error' }, {})).toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringContaining('settings.checks.lint.rules'),
    });
  });
});

describe('tributary contract', () => {
  test('publish, list, fetch and delete keep to the tags', async () => {
    const published = await tributary('contract', 'publish', 'partner', '--include-tag', 'public');
    expect(published).toMatchObject({
      plain: 'contract partner published, new\nlaunch 6 of shop@production: serving\n',
    });
    expect(await tributary('contract', 'publish', 'partner', '--exclude-tag', 'public')).toMatchObject({
      code: 'CONTRACT_INVALID',
      message: 'contract partner was not published: its tags leave no valid graph of shop@production',
      data: { launch: null, subgraph_was_updated: false },
    });
    expect((await tributary('contract', 'list')).plain).toMatch(
      /^NAME +INCLUDES +EXCLUDES +UNREACHABLE TYPES +VERSION +PUBLISHED\npartner +public +nothing +hidden +1 /,
    );
    expect((await tributary('contract', 'fetch', 'partner')).plain).toContain('product(id: ID!): Product');
    expect(await tributary('contract', 'fetch', 'partners')).toMatchObject({
      message: 'shop@production has no contract partners; `tributary contract list` shows those that it has',
    });
    expect(await tributary('contract', 'delete', 'partner')).toMatchObject({ code: 'NOT_CONFIRMED' });
    expect(await tributary('contract', 'delete', 'partner', '--confirm')).toMatchObject({
      plain: 'contract partner deleted\nlaunch 7 of shop@production: serving\n',
    });
  });
});

describe('a canary', () => {
  test('is paused, resumed, promoted, and rolled back with a reason', async () => {
    const rollout = join(folder, 'rollout.json');
    writeFileSync(rollout, '{ "strategy": "canary", "steps": [5] }');
    await tributary('graph', 'settings', '--rollout', rollout);
    expect(await publish('reviews', `${REVIEWS}# 1`)).toMatchObject({
      plain: 'subgraph reviews published\nlaunch 8 of shop@production: canary\n',
    });
    expect((await tributary('launch', 'pause')).plain).toMatch(
      /^shop@production: launch 7 serves, launch 8 is a canary for 5 % of callers, paused \(release \d+\)\n$/,
    );
    expect(await tributary('launch', 'resume')).toMatchObject({
      data: { canary: { launch: 8, state: 'RUNNING' } },
    });
    expect((await tributary('launch', 'promote')).plain).toMatch(/: launch 8 serves \(release \d+\)\n$/);
    expect(await tributary('launch', 'rollback', '7', '--reason', 'reviews are empty')).toMatchObject({
      data: {
        serving: 7,
        canary: null,
        rollback: true,
        reason: expect.stringContaining('reviews are empty'),
      },
    });
    expect((await tributary('launch', 'show', '8')).plain).toMatch(
      /^launch 8: rolled back\n[^]*reason +.*reviews are empty\n/,
    );
    expect(await tributary('launch', 'pause')).toMatchObject({ kind: 'failure', code: expect.any(String) });
    writeFileSync(rollout, '{ "strategy": "direct" }');
    await tributary('graph', 'settings', '--rollout', rollout);
  });
});

describe('tributary subgraph delete', () => {
  test('only tries without --confirm', async () => {
    const plain = 'subgraph reviews can be deleted: the rest composes, and no recorded operation breaks\n';
    expect(await tributary('subgraph', 'delete', 'reviews', '--dry-run')).toMatchObject({
      kind: 'success',
      plain,
    });
    expect(await tributary('subgraph', 'delete', 'reviews')).toMatchObject({
      code: 'NOT_CONFIRMED',
      message: 'subgraph reviews was not deleted; --confirm deletes it',
      plain,
    });
    expect(await tributary('subgraph', 'delete', 'review', '--confirm')).toMatchObject({ code: 'NOT_FOUND' });
    expect(await tributary('subgraph', 'delete', 'reviews', '--confirm')).toMatchObject({
      kind: 'success',
      plain: expect.stringMatching(/^subgraph reviews deleted\nlaunch \d+ of shop@production: serving\n$/),
      data: { supergraph_was_updated: true },
    });
  });
});

describe('recorded operations', () => {
  const used = `query ProductPage($id: ID!) {
  product(id: $id) {
    name
    price
  }
}`;
  const manifest = (...operations: readonly (readonly [name: string, body: string])[]) => ({
    format: 'apollo-persisted-query-manifest',
    version: 1,
    operations: operations.map(([name, body]) => ({ id: name.toLowerCase(), name, type: 'query', body })),
  });
  const changed = PRODUCTS.replace('name: String!', 'title: String!');

  let pushed: Outcome;
  beforeAll(async () => {
    const file = join(folder, 'manifest.json');
    const operations = manifest(['ProductPage', used], ['Prices', 'query Prices { products { price } }']);
    writeFileSync(file, JSON.stringify(operations));
    await publish('products', PRODUCTS);
    pushed = await tributary('operations', 'push', file, '--client', 'web');
  });

  test('operations push says how many it has recorded', () => {
    expect(pushed).toMatchObject({
      kind: 'success',
      plain: '2 operations recorded for shop@production\n',
      data: { operations: 2 },
    });
  });

  test('operations list shows them, and export writes a manifest that push accepts', async () => {
    const list = await tributary('operations', 'list', '--client', 'web');
    expect(list.plain).toMatch(
      /^ID +NAME +CALLS +LAST SEEN +CLIENTS\n[^]*productpage +ProductPage +manifest\b/,
    );
    expect(list.plain).toContain('Prices');
    const used = await tributary('operations', 'list', '--coordinate', 'Product.name');
    expect(used.plain).toBe('no operation is recorded\n');
    const file = join(folder, 'exported.json');
    expect(await tributary('operations', 'export', '--output', file)).toMatchObject({
      notes: [`2 operations written to ${file}`],
      data: {
        manifest: {
          operations: expect.arrayContaining([
            expect.objectContaining({
              name: 'Prices',
              type: 'query',
              body: expect.stringContaining('price'),
            }),
          ]),
        },
      },
    });
    expect(await tributary('operations', 'push', file, '--client', 'web')).toMatchObject({ kind: 'success' });
    writeFileSync(file, '{');
    expect(await tributary('operations', 'push', file)).toMatchObject({ code: 'MANIFEST_INVALID' });
  });

  test('subgraph check names the operation and the client that break, with the line of the operation', async () => {
    const file = schemaFile('products', changed);
    const failed = await tributary('subgraph', 'check', 'products', '--schema', file);
    expect(failed).toMatchObject({
      kind: 'failure',
      code: 'CHECK_FAILED',
      message: 'the check failed: 1 operation breaks',
      data: { tasks: { operations: { task_status: 'FAILED', failure_count: 1 } } },
      annotations: expect.arrayContaining([
        expect.objectContaining({ level: 'error', title: 'Breaks ProductPage', file, line: 2 }),
      ]),
    });
    expect(failed.plain).toMatch(/\n {2}BREAKS {2}ProductPage: web/);
    expect(failed.plain).toContain('\n    product.name: Product.name was removed\n');
    expect(failed.plain).toContain('What to do:\n  Keep what the operations above use');
  });

  test('subgraph publish is rejected with the same report, unless --allow-breaking is given', async () => {
    const rejected = await publish('products', changed);
    expect(rejected).toMatchObject({
      kind: 'failure',
      code: 'CHECK_FAILED',
      message:
        'subgraph products was not published: the change breaks recorded operations of shop@production',
      plain: expect.stringMatching(
        /^Check of subgraph products in shop@production: FAILED\n[^]*BREAKS {2}ProductPage/,
      ),
      data: { launch: null, subgraph_was_updated: false, workflow_id: expect.any(String) },
    });
    expect(await publish('products', changed, '--allow-breaking')).toMatchObject({
      kind: 'success',
      data: { supergraph_was_updated: true, workflow_id: expect.any(String) },
      notes: ['it breaks 1 operation: ProductPage; `tributary launch rollback` undoes it'],
    });
  });

  test('a schema element that no operation uses may go', async () => {
    const file = schemaFile('products', changed.replace(' weight: Int', ''));
    const passed = await tributary('subgraph', 'check', 'products', '--schema', file);
    expect(passed).toMatchObject({ kind: 'success', notes: [] });
    expect(passed.plain).toMatch(
      /safe +FIELD_REMOVED {2}Field 'weight' was removed .*; used by none of \d+ operation/,
    );
  });

  test('operations export keeps the calls of each client, which a check of files reads', async () => {
    expect((await registry.post('/usage/shop/production', WEIGHTS_USAGE)).status).toBe(204);
    const file = join(folder, 'exported.json');
    const exported = ['operations', 'export', '--output', file, '--client'];
    expect(await tributary(...exported, 'nobody')).toMatchObject({ data: { manifest: { operations: [] } } });
    expect(await tributary(...exported, 'ios')).toMatchObject({ notes: [`1 operation written to ${file}`] });
    const [operation, ...others] = readManifest(readFileSync(file, 'utf8'), file);
    expect(others).toEqual([]);
    expect(operation).toMatchObject({
      name: 'Weights',
      clients: [{ name: 'ios', version: '7', calls: 12, lastSeen: expect.stringMatching(/^20/) }],
    });
    expect(JSON.parse(readFileSync(file, 'utf8')).operations[0].type).toBe('mutation');
    const again = await tributary('operations', 'push', file);
    expect(again).toMatchObject({ data: { operations: 1 } });
    expect((await tributary('operations', 'list', '--client', 'ios')).plain).toMatch(/Weights +manifest/);
  });
});

test('tributary supergraph publish moves a field between subgraphs in one launch', async () => {
  const file = join(folder, 'supergraph.yaml');
  const graph = ['--registry', registry.url, '--key', registry.adminKey, '--graph', 'shop@moved'];
  const publishAll = (a: string, b: string, ...more: readonly string[]) => {
    const entry = (name: string, sdl: string) =>
      `  ${name}:\n    routing_url: http://${name}.example\n    schema: { file: ${schemaFile(name, sdl)} }\n`;
    writeFileSync(file, `subgraphs:\n${entry('a', a)}${entry('b', b)}`);
    return runVerb('supergraph', 'publish', file, ...graph, ...more);
  };
  const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])';
  const product = (fields: string) => `${link} type Product @key(fields: "id") { id: ID! ${fields} }`;
  const withQuery = (fields: string) => `${product(fields)} type Query { product: Product }`;
  expect(await publishAll(withQuery('price: Int'), product('stock: Int'))).toMatchObject({
    kind: 'success',
    plain: `${file} published, new\nlaunch 1 of shop@moved: serving\n`,
  });
  expect(await publishAll(withQuery('price: Int'), product('stock: Int'))).toMatchObject({
    plain: `${file} is unchanged\nlaunch 1 of shop@moved: serving\n`,
  });
  const moved = await publishAll(withQuery(''), product('stock: Int price: Int'), '--commit', 'c0ffee');
  expect(moved).toMatchObject({ kind: 'success', data: { launch: 2, launch_status: 'SERVING' } });
  const listed = await runVerb('subgraph', 'list', ...graph);
  expect(listed.plain).toMatch(/\na +http:\/\/a\.example +2 .*c0ffee\nb +http:\/\/b\.example +2 .*c0ffee\n/);
  expect(await publishAll(withQuery('price: Int'), product('stock: Int price: Int'))).toMatchObject({
    code: 'COMPOSITION_FAILED',
    message: `${file} was published, but shop@moved does not compose; routers keep the previous supergraph`,
    annotations: [{ title: 'INVALID_FIELD_SHARING' }],
  });
  expect(await publishAll(withQuery(''), 'type {')).toMatchObject({
    code: 'SCHEMA_INVALID',
    annotations: [{ file: expect.stringMatching(/b\.graphql$/), line: 1, column: 6 }],
  });
  const absent = await runVerb('supergraph', 'publish', join(folder, 'absent.yaml'), ...graph);
  expect([absent.kind, JSON.stringify(absent)]).toEqual(['failure', expect.stringContaining('absent.yaml')]);
});

describe('tributary key', () => {
  test('create prints the key once, list and revoke never', async () => {
    const created = await tributary('key', 'create', 'ci', '--role', 'publish', '--expires-in-days', '30');
    const key = (created.plain ?? '').trim();
    expect(key).toMatch(/^trib_/);
    const [, id = ''] = key.split('_');
    expect(created).toMatchObject({
      notes: [
        expect.stringMatching(new RegExp(`^key ${id} \\(ci\\) expires on .*; it cannot be shown again$`)),
      ],
      data: { key: { id, graph: 'shop', role: 'PUBLISH' }, secret: key },
    });
    const list = await tributary('key', 'list');
    expect(list.plain).toMatch(new RegExp(`\\n${id} +ci +publish .* valid until `));
    expect(JSON.stringify(list)).not.toContain(key);

    const allowed = await runVerb('subgraph', 'list', ...access(key));
    expect(allowed.kind).toBe('success');
    expect(await runVerb('key', 'list', ...access(key))).toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringMatching(
        /^the role admin is required; the key \w+ has the role publish; an operator creates /,
      ),
    });
    expect(await tributary('key', 'revoke', id)).toMatchObject({ plain: `key ${id} (ci) revoked\n` });
    expect(await runVerb('subgraph', 'list', ...access(key))).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect((await tributary('key', 'list')).plain).toMatch(new RegExp(`\\n${id} .* revoked on `));
  });

  test('a key for all graphs is created only when it is named so', async () => {
    const call = ['--registry', registry.url, '--key', registry.adminKey, '--all-graphs'];
    expect(await runVerb('key', 'create', 'platform', '--role', 'admin', ...call)).toMatchObject({
      data: { key: { graph: null, role: 'ADMIN', expiresAt: null } },
    });
    expect((await runVerb('key', 'list', ...call)).plain).toMatch(/ platform +admin .* valid\n/);
  });
});
