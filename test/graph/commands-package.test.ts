import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { LIBRARY } from '../support/graphs/small-graph.ts';
import { installPackage } from '../support/processes/installed-package.ts';
import type { InstalledPackage } from '../support/processes/installed-package.ts';
import { compositionFile } from '../support/processes/router-process.ts';
import { startTestRegistry } from '../support/registry/test-registry.ts';
import { startService } from '../support/subgraphs/service.ts';

const MAX_INSTALLED_BYTES = 120_000_000;
const root = join(import.meta.dirname, '..', '..');
const cleanUp = new AsyncDisposableStack();
afterAll(() => cleanUp.disposeAsync());

let installed: InstalledPackage;
let folder: string;
/** Variables that name a registry with `shop@production`, for the verbs that need one. */
let registryVariables: Readonly<Record<string, string>> = {};

beforeAll(async () => {
  installed = cleanUp.use(await installPackage());
  ({ folder } = installed);
  const books = cleanUp.use(await startService({ sdl: '', resolvers: {}, ...LIBRARY['books'] }));
  const reviews = cleanUp.use(await startService({ sdl: '', resolvers: {}, ...LIBRARY['reviews'] }));
  writeFileSync(join(folder, 'supergraph.yaml'), compositionFile({ books, reviews }));
  writeFileSync(join(folder, 'books.graphql'), 'type Query { book: String }');
  const registry = cleanUp.use(await startTestRegistry());
  await registry.publish('books', 'type Query { book: String, count: Int }', { routingUrl: books.url });
  registryVariables = {
    TRIBUTARY_REGISTRY: registry.url,
    TRIBUTARY_KEY: registry.adminKey,
    TRIBUTARY_GRAPH: 'shop@production',
  };
}, 180_000);

// Nothing of npm, so that the command behaves as in a terminal.
const environment = () => ({
  PATH: process.env['PATH'],
  NODE_COMPILE_CACHE: join(folder, 'compile-cache'),
  ADMIN_PORT: '0',
  ...registryVariables,
});

const LAUNCHER = 'node_modules/@tributary-graphql/router/bin/tributary.mjs';

/** Runs Node in the folder to its end. The subgraphs in this process respond meanwhile. */
async function runNode(args: readonly string[]) {
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: environment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = once(child, 'close');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  await exited;
  return { status: child.exitCode, stdout, stderr };
}

const logLine = z.looseObject({
  msg: z.string(),
  url: z.string().default(''),
  health: z.string().default(''),
});

/** Starts `tributary serve` and waits for the line that it listens. */
async function serve(args: readonly string[]) {
  const child = spawn(installed.command, ['serve', ...args], {
    cwd: folder,
    env: environment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  const log: z.output<typeof logLine>[] = [];
  const listening = Promise.withResolvers<z.output<typeof logLine>>();
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (json) => {
    const line = logLine.parse(JSON.parse(json));
    log.push(line);
    if (line.msg === 'router listens') listening.resolve(line);
  });
  lines.on('close', () => listening.reject(new Error(`tributary ended: ${JSON.stringify(log)}`)));
  const { url, health } = await listening.promise;
  return { url, health, log, exited, stop: () => child.kill('SIGTERM') };
}

describe('the package', () => {
  it('serves a supergraph from worker processes, with planning, composition and health in threads', async () => {
    writeFileSync(join(folder, 'workers.yaml'), 'workers: 2\nhealth: { port: 0 }\n');
    const router = await serve([
      '--config',
      'workers.yaml',
      '--supergraph',
      'supergraph.yaml',
      '--port',
      '0',
    ]);
    const response = await fetch(router.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ book(id: "2") { title reviews { text } } }' }),
    });
    expect(await response.json()).toEqual({
      data: { book: { title: expect.any(String), reviews: [{ text: 'On 2' }] } },
    });
    // A worker that does not respond in time is not ready.
    await expect.poll(async () => (await fetch(`${router.health}/health/ready`)).status).toBe(200);
    router.stop();
    expect(await router.exited).toBe(0);
    // The launcher has set the V8 flags.
    expect(router.log.map(({ msg }) => msg)).not.toContain('V8 flag missing, large responses cost more CPU');
  });

  it('starts a router in another program, with types', async () => {
    const program = `
      import { createRouter, parseConfig } from '@tributary-graphql/router';
      const config = parseConfig('{ listen: { port: 0 }, admin: { port: 0 } }', { env: {}, fileName: 'router.yaml', directory: '.' });
      const router = await createRouter(config);
      const response = await fetch(router.url + '?query={newest{text}}', { headers: { 'apollo-require-preflight': '1' } });
      console.log(await response.text());
      await router[Symbol.asyncDispose]();
    `;
    writeFileSync(
      join(folder, 'embed.mts'),
      `${program}\n// @ts-expect-error a router needs a configuration\nawait createRouter();\n`,
    );
    writeFileSync(join(folder, 'embed.mjs'), program);
    const typescript = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const typeRoots = join(root, 'node_modules', '@types');
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'esnext'];
    const types = await runNode([
      typescript,
      ...options,
      '--types',
      'node',
      '--typeRoots',
      typeRoots,
      'embed.mts',
    ]);
    expect(types.stdout).toBe('');
    const run = await runNode(['embed.mjs']);
    expect(run.stdout).toContain('{"data":{"newest":{"text":"Long."}}}');
    expect(run.status).toBe(0);
  });

  it('is smaller than 120 MB without the Node that it may carry', () => {
    const files = globSync('node_modules/**', { cwd: folder, withFileTypes: true });
    const bytes = files.reduce((sum, file) => sum + lstatSync(join(file.parentPath, file.name)).size, 0);
    expect(bytes).toBeGreaterThan(MAX_INSTALLED_BYTES / 10);
    expect(bytes).toBeLessThan(MAX_INSTALLED_BYTES);
  });

  it('brings the console along, with all files that its page loads', () => {
    const built = join(folder, 'node_modules/@tributary-graphql/router/dist/console');
    const page = readFileSync(join(built, 'index.html'), 'utf8');
    const assets = [...page.matchAll(/(?:src|href)="\/console\/(assets\/[^"]+)"/g)].map(
      ([, asset = '']) => asset,
    );
    expect(assets.map((asset) => asset.replace(/.*\./, '')).toSorted()).toEqual(['css', 'js']);
    for (const asset of assets) expect(lstatSync(join(built, asset)).size).toBeGreaterThan(1_000);
  });

  it('brings neither the shop nor the tests along', () => {
    const content = globSync('*', { cwd: join(folder, 'node_modules', '@tributary-graphql', 'router') });
    expect(content.sort()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'bin',
      'dist',
      'package.json',
      'router.schema.json',
    ]);
    for (const name of ['dataloader', '@electric-sql', '@apollo/subgraph'])
      expect(globSync(`node_modules/${name}`, { cwd: folder })).toEqual([]);
  });

  it('uses the Node that it carries when it is started with an older one, and says what to do without it', async () => {
    // Makes a Node appear as an old one to the launcher.
    const old =
      "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })";
    const asOldNode = ['--import', `data:text/javascript,${encodeURIComponent(old)}`];
    const version = () => runNode([...asOldNode, LAUNCHER, '--version']);
    expect(await version()).toEqual({
      status: 1,
      stdout: '',
      stderr:
        'Tributary needs Node 24.15 or newer, and this is 20.20.2: install Node 26, or install this package without --omit=optional, which brings Node 26 along for Linux (glibc), macOS and Windows.\n',
    });
    const carried = join(folder, 'node_modules', `node-${process.platform}-${process.arch}`);
    mkdirSync(join(carried, 'bin'), { recursive: true });
    symlinkSync(process.execPath, join(carried, 'bin', 'node'));
    try {
      expect(await version()).toMatchObject({ status: 0, stderr: '' });
    } finally {
      rmSync(carried, { recursive: true });
    }
  });
});

const answer = z.object({
  json_version: z.literal('1'),
  data: z.looseObject({ success: z.boolean() }),
  error: z.looseObject({ code: z.string(), message: z.string() }).nullable(),
});

/** Calls of each verb: one that succeeds, one with wrong arguments, and one that fails. */
const CALLS = [
  {
    verb: 'compose',
    succeeds: [],
    data: { core_schema: expect.stringContaining('join__Graph'), hints: [] },
    misuse: ['--outptu', 'x'],
    reason: "unknown option '--outptu'; did you mean --output?",
    fails: ['broken.yaml'],
    code: 'SUPERGRAPH_REJECTED',
    message: 'broken.yaml:1: subgraphs: must list at least one subgraph',
  },
  {
    verb: 'validate',
    succeeds: [],
    data: { supergraph: expect.stringMatching(/^[0-9a-f]{12}$/), hints: [] },
    misuse: ['one.yaml'],
    reason: "too many arguments for 'validate'. Expected 0 arguments but got 1: one.yaml.",
    fails: ['--config', 'broken.yaml'],
    code: 'CONFIG_INVALID',
    message: 'broken.yaml:1: subgraphs: unknown key',
  },
  {
    verb: 'plan',
    succeeds: ['--query', '{ newest { text book { title } } }'],
    data: {
      plan: { kind: 'QueryPlan', node: expect.objectContaining({ kind: 'Sequence' }) },
      text: expect.stringMatching(/^QueryPlan \{/),
      cost: 2,
      calls: 2,
      calls_by_subgraph: { reviews: 1, books: 1 },
      fetches: [
        expect.objectContaining({ id: 0, subgraph: 'reviews', dependsOn: [] }),
        expect.objectContaining({ id: 1, subgraph: 'books', dependsOn: [0], path: ['newest', 'book'] }),
      ],
    },
    misuse: [],
    reason: 'give the operation either as FILE or with --query',
    fails: ['--query', '{ nope }'],
    code: 'GRAPHQL_VALIDATION_FAILED',
    message: '1:3: Cannot query field "nope" on type "Query".',
  },
  {
    verb: 'explain',
    succeeds: ['RATE_LIMITED'],
    data: { code: 'RATE_LIMITED', status: 429, meaning: expect.any(String), remedy: expect.any(String) },
    misuse: [],
    reason: "missing required argument 'CODE'",
    fails: ['RATE_LIMTED'],
    code: 'UNKNOWN_CODE',
    message: 'unknown error code RATE_LIMTED; did you mean RATE_LIMITED?',
  },
  {
    verb: 'init',
    succeeds: ['fresh'],
    data: { files: ['fresh/router.yaml', 'fresh/supergraph.yaml', 'fresh/products.graphql'] },
    misuse: ['--format', 'yaml'],
    reason: "option '--format <FORMAT>' argument 'yaml' is invalid. Allowed choices are plain, json.",
    fails: ['.'],
    code: 'FILE_EXISTS',
    message: 'supergraph.yaml exists; --force overwrites it',
  },
  {
    verb: 'subgraph publish',
    succeeds: ['books', '--schema', 'books.graphql'],
    data: {
      api_schema_hash: null,
      supergraph_was_updated: true,
      subgraph_was_created: false,
      subgraph_was_updated: true,
      launch: 2,
      launch_status: 'SERVING',
      supergraph_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      workflow_id: expect.toBeOneOf([null, expect.any(String)]),
    },
    misuse: ['books', '--shema', 'books.graphql'],
    reason: "unknown option '--shema'; did you mean --schema?",
    fails: ['authors', '--schema', 'books.graphql'],
    code: 'BAD_USER_INPUT',
    message: 'the new subgraph authors needs a routing URL',
  },
];

describe.each(CALLS)('tributary $verb', ({ verb, succeeds, data, misuse, reason, fails, code, message }) => {
  beforeAll(() => writeFileSync(join(folder, 'broken.yaml'), 'subgraphs: {}\n'));
  const call = (...args: readonly string[]) => runNode([LAUNCHER, ...verb.split(' '), ...args]);

  it('explains itself', async () => {
    const help = await call('--help');
    expect(help).toEqual({ status: 0, stderr: '', stdout: expect.stringContaining('--format <FORMAT>') });
    expect(help.stdout).toMatch(new RegExp(`^Usage: tributary ${verb} `));
  });

  it('prints its result as JSON', async () => {
    const { status, stdout } = await call(...succeeds, '--format', 'json');
    expect(answer.parse(JSON.parse(stdout))).toEqual({
      json_version: '1',
      data: { ...data, success: true },
      error: null,
    });
    expect(status).toBe(0);
  });

  it('rejects wrong arguments with exit code 2 and its usage', async () => {
    const { status, stdout, stderr } = await call(...misuse);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr.startsWith(`${reason}\n\nUsage: tributary ${verb} `)).toBe(true);
  });

  it('fails with exit code 1, a message on stderr, and the error as JSON', async () => {
    expect(await call(...fails)).toEqual({
      status: 1,
      stdout: '',
      stderr: expect.stringContaining(message),
    });
    const { status, stdout, stderr } = await call(...fails, '--format', 'json');
    expect([status, stderr]).toEqual([1, '']);
    const { data: failed, error } = answer.parse(JSON.parse(stdout));
    expect([failed, error?.code]).toEqual([{ success: false }, code]);
  });
});
