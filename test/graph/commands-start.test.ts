import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { migrations, type OrderTables } from '../../subgraphs/order/data.ts';
import { seed } from '../../subgraphs/order/seed.ts';
import { openDatabase } from '../../database/database.ts';
import { demoPassword } from '../../subgraphs/shop/demo/users.ts';
import { followRecipe, readPage } from '../support/processes/documentation.ts';
import { isRunning, processOf, servicesOf, starterOf } from '../support/processes/process-tree.ts';
import { findProgram, runProgram } from '../support/processes/run-program.ts';
import { createShopFolder, runStart } from '../support/processes/start-command.ts';
import type { ShopFolder } from '../support/processes/start-command.ts';
import { until } from '../support/time/until.ts';

const order = {
  number: expect.stringMatching(/^T-\d+$/),
  status: 'SHIPPED',
  placedAt: expect.any(String),
  totalAmount: { amount: expect.any(String), currency: 'EUR' },
  customer: { name: 'Freya Lindqvist', email: 'freya@shop.example' },
  items: expect.arrayContaining([
    {
      quantity: expect.any(Number),
      productName: expect.any(String),
      product: {
        name: expect.any(String),
        price: { amount: expect.any(String) },
        stock: { available: expect.any(Number) },
      },
    },
  ]),
  shipment: {
    carrier: expect.any(String),
    status: expect.any(String),
    estimatedDelivery: expect.any(String),
  },
};

/** Returns the lines of the command that a new user is asked to paste. */
function commandToPaste(output: string): string {
  const lines = output.split('\n');
  const first = lines.findIndex((line) => line.startsWith('TOKEN='));
  return lines.slice(first, first + 2).join('\n');
}

/**
 * Returns the blocks of a page that send requests, with the ports of a shop, and the JSON that the page shows
 * after each.
 */
function requestsOf(page: string, { router, admin }: ShopFolder['ports']) {
  return readPage(page)
    .split(/^ *```sh\n/m)
    .slice(1)
    .map((part) => {
      const [, commands = '', rest = ''] = /^([^]*?)^ *```$([^]*)/m.exec(part) ?? [];
      return {
        // The load balancer of the image terminates TLS; this router has none before it.
        commands: commands
          .replaceAll('--cacert certificate.pem https://', 'http://')
          .replaceAll('127.0.0.1:4000', `127.0.0.1:${router}`)
          .replaceAll('127.0.0.1:9090', `127.0.0.1:${admin}`),
        shown: /^ *```(?:json)?\n([^]*?)^ *```$/m.exec(rest)?.[1] ?? '',
      };
    })
    .filter(({ commands }) => commands.includes('curl'));
}

/** Returns the commands of the welcome that change the graph, without the comments between them. */
function changeCommands(output: string) {
  const lines = output.split('\n');
  const first = lines.findIndex((line) => line.startsWith('export TRIBUTARY_REGISTRY='));
  const [environment, breaking, safe, rollback] = lines
    .slice(first, first + 7)
    .filter((line) => !line.startsWith('#'));
  return { environment, breaking, safe, rollback };
}

/** Returns whether clients can select `Product.imageUrl`. */
async function hasImages(port: number): Promise<boolean> {
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    body: JSON.stringify({ query: '{ product(id: "product-1") { imageUrl } }' }),
    headers: { 'content-type': 'application/json' },
  });
  await response.text();
  return response.ok;
}

/** Runs the commands of the welcome: a breaking change, a safe one, and its rollback. */
async function changeGraph(folder: string, output: string, port: number): Promise<void> {
  const console = `http://127.0.0.1:${port}/`;
  expect(output).toContain(`  Console   ${console}\n`);
  const { environment, ...commands } = changeCommands(output);
  const run = (command: string | undefined) =>
    spawnSync('sh', ['-c', `${environment}; ${command}`], { cwd: folder, encoding: 'utf8' });
  const rejected = run(commands.breaking);
  expect(rejected.status).toBe(1);
  for (const text of ['Product.name', 'ProductPage', 'OrderPage', 'shop-web'])
    expect(rejected.stdout).toContain(text);
  expect(rejected.stdout).toContain(`In the console: ${console}#/publish/checks/`);
  expect(await hasImages(port)).toBe(true);
  expect(run(commands.safe)).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('subgraph product published'),
  });
  expect(await until(async () => !(await hasImages(port)), 20_000)).toBe(true);
  expect(run(commands.rollback)).toMatchObject({
    status: 0,
    stdout: expect.stringMatching(/^shop@production: launch 1 serves/),
  });
  expect(await until(() => hasImages(port), 20_000)).toBe(true);
}

/**
 * Returns the output of the command; on a machine without curl this sends the two requests of the command
 * itself.
 */
async function paste(command: string): Promise<string> {
  if (findProgram(['curl']) !== undefined) return runProgram('sh', ['-c', command]);
  const url = /http:\S+/.exec(command)?.[0] ?? '';
  const [login = '', query = ''] = [...command.matchAll(/ -d '([^']*)'|<<'JSON'\n(.*?)\nJSON/gs)].map(
    ([, body, lines = '']) => body ?? lines.replaceAll('\n', ''),
  );
  const send = (body: string, headers: Record<string, string> = {}) =>
    fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
  const token = /"accessToken":"([^"]*)"/.exec(await (await send(login)).text())?.[1];
  return (await send(query, { authorization: `Bearer ${token}` })).text();
}

type OrderResponse = {
  readonly data: { readonly orders: { readonly edges: readonly { readonly node: OrderNode }[] } };
};
type OrderNode = { readonly items: readonly unknown[] };

/** Sends every request that the documentation shows, and compares the response with the documented one. */
async function sendDocumentedRequests(ports: ShopFolder['ports']): Promise<void> {
  const results = async (page: string) => {
    const sent = requestsOf(page, ports).map(async ({ commands, shown }) => ({
      output: await runProgram('sh', ['-c', commands]),
      shown,
    }));
    return Promise.all(sent);
  };
  const [review] = await results('docs/adding-a-subgraph.md');
  expect(JSON.parse(review?.output ?? '')).toEqual(JSON.parse(review?.shown ?? ''));

  const [rejected] = await results('docs/security.md');
  expect(rejected?.output).toMatch(/^HTTP\/1\.1 401 Unauthorized\r\n/);
  expect(rejected?.output).toMatch(/^www-authenticate: Bearer realm="tributary", error="invalid_token"/m);
  const bodyOf = (response = '') =>
    JSON.parse(response.slice(response.indexOf('{"errors"'))) as ErrorResponse;
  const [shownError] = bodyOf(rejected?.shown).errors;
  expect(bodyOf(rejected?.output).errors).toEqual([
    { ...shownError, extensions: { code: 'TOKEN_INVALID', requestId: expect.any(String) } },
  ]);

  const [traced, compressed] = await results('docs/http.md');
  expect(traced?.output).toMatch(/^server-timing: total;dur=[\d.]+, .*inventory;dur=/m);
  expect(JSON.parse(compressed?.output ?? '')).toEqual({ data: { __typename: 'Query' } });

  const [registered, forced] = await results('docs/operations.md');
  expect(JSON.parse(registered?.output ?? '')).toEqual({
    data: { register: { user: { id: expect.any(String) } } },
  });
  expect(forced?.output.replaceAll('\n', '')).toBe(
    '{"subgraph":"inventory","state":"open"}{"subgraph":"inventory","state":"auto"}',
  );
}

type ErrorResponse = { readonly errors: readonly { readonly message: string }[] };

/** Logs in and places an order, as a client of the router on `port`. */
async function placeOrder(port: number): Promise<{ readonly number: string }> {
  const send = async (query: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
      method: 'POST',
      body: JSON.stringify({ query }),
      headers: { 'content-type': 'application/json', ...headers },
    });
    return (await response.json()) as {
      data: { login: { accessToken: string }; placeOrder: { number: string } };
    };
  };
  const session = await send(
    `mutation { login(email: "freya@shop.example", password: "${demoPassword}") { accessToken } }`,
  );
  const placed = await send(
    'mutation { placeOrder(input: { items: [{ productId: "product-1", quantity: 1 }] }, idempotencyKey: "last") { number } }',
    { authorization: `Bearer ${session.data.login.accessToken}` },
  );
  return placed.data.placeOrder;
}

async function storedOrder(dataFolder: string, number: string) {
  const path = join(dataFolder, 'order');
  const location = { kind: 'folder', schema: 'order', path, templateDir: dataFolder } as const;
  const { db, close } = await openDatabase<OrderTables>({ location, migrations, seed });
  try {
    return await db.selectFrom('orders').selectAll().where('number', '=', number).executeTakeFirst();
  } finally {
    await close();
  }
}

async function isUp(port: number): Promise<boolean> {
  return fetch(`http://127.0.0.1:${port}/health/ready`).then(
    (response) => response.ok,
    () => false,
  );
}

it('starts everything and a new subgraph, responds as documented, restarts a crashed service, stops on Ctrl-C', async () => {
  using shop = await createShopFolder();
  const { folder, port } = await followRecipe(shop);
  const sdl = join(shop.path, 'supergraph.graphql');
  await runProgram(process.execPath, [join(folder, 'cli', 'main.ts'), 'compose', '-o', sdl], {
    env: { ...shop.environment },
  });
  expect(readFileSync(sdl, 'utf8')).toContain('type Review');
  await using start = runStart(shop.environment, [
    process.execPath,
    join(folder, 'bin', 'run.mjs'),
    join(folder, 'bin', 'start.ts'),
  ]);
  await start.prints('Ctrl-C stops everything.', 120_000);
  expect(start.output()).toContain(`http://127.0.0.1:${shop.ports.router}/graphql`);
  for (const tier of ['FREE', 'PREMIUM', 'ENTERPRISE']) expect(start.output()).toContain(tier);

  const response: unknown = JSON.parse(await paste(commandToPaste(start.output())));
  expect(response).toEqual({ data: { orders: { edges: [{ node: order }] } } });

  const [readme] = requestsOf('README.md', shop.ports);
  const shown = JSON.parse(readme?.shown ?? '') as OrderResponse;
  const received = JSON.parse(await paste(readme?.commands ?? '')) as OrderResponse;
  const [node] = shown.data.orders.edges.map((edge) => edge.node);
  expect(received).toEqual({
    data: {
      orders: { edges: [{ node: { ...node, items: expect.arrayContaining([...(node?.items ?? [])]) } }] },
    },
  });
  if (findProgram(['curl']) !== undefined) await sendDocumentedRequests(shop.ports);

  await changeGraph(folder, start.output(), shop.ports.router);

  for (const [name, ids] of [
    ['identity-keys', ['router']],
    ['service-keys', ['order', 'product', 'user', 'shipping', 'inventory', 'review']],
  ] as const) {
    const file = join(shop.path, 'data', name);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const keys = readFileSync(file, 'utf8').trim().split(',');
    expect(keys.map((key) => key.split(':')[0])).toEqual(ids);
    for (const key of keys) expect(start.output()).not.toContain(key.split(':')[1]);
  }

  process.kill(processOf('shipping', start.pid), 'SIGKILL');
  await start.prints('shipping ended (SIGKILL)');
  await start.prints('shipping is back.', 60_000);

  start.signal('SIGINT');
  start.signal('SIGINT');
  expect(await start.exited).toBe(0);
  expect(start.output()).not.toContain('was killed');
  const left = await Promise.all([...Object.values(shop.ports), port].map(isUp));
  expect(left).not.toContain(true);
}, 240_000);

it('stops every service in order when only npm receives SIGTERM, and loses no acknowledged order', async () => {
  using shop = await createShopFolder();
  await using start = runStart(shop.environment, ['npm', 'start']);
  await start.prints('Ctrl-C stops everything.', 120_000);
  const { number } = await placeOrder(shop.ports.router);

  start.signal('SIGTERM');
  await start.exited;
  expect(start.output()).toContain('Stopping: requests in flight have up to 25 s');
  expect(start.output()).not.toContain('was killed');
  const left = await Promise.all(Object.values(shop.ports).map(isUp));
  expect(left).not.toContain(true);
  expect(await storedOrder(join(shop.path, 'data'), number)).toMatchObject({ status: 'PLACED' });
}, 180_000);

it('leaves no service behind when it is killed', async () => {
  using shop = await createShopFolder();
  await using start = runStart(shop.environment);
  await until(() => isUp(shop.ports.product), 60_000);
  const services = servicesOf(start.pid);
  process.kill(starterOf(start.pid), 'SIGKILL');
  await start.exited;
  // Services that were still starting have to exit, too: they would write into a folder that has been
  // removed.
  expect(await until(() => !services.some(isRunning), 60_000)).toBe(true);
  expect(services.length).toBeGreaterThan(0);
}, 120_000);

it('reports a port in use, with the program that may use it and the solution', async () => {
  using shop = await createShopFolder();
  const other = createServer((_request, response) => response.end('hello')).listen(
    shop.ports.order,
    '127.0.0.1',
  );
  await once(other, 'listening');
  await using start = runStart(shop.environment);
  expect(await start.exited).toBe(1);
  other.close();
  expect(start.output().trim()).toBe(
    `Port ${shop.ports.order} (order) is taken by another program: find it with "lsof -i :${shop.ports.order}" and stop it, or choose another port (subgraphs.order.routing_url in ${join(shop.path, 'supergraph.yaml')}).`,
  );
});

it('reports that Tributary itself is running already', async () => {
  using shop = await createShopFolder();
  const other = createServer((_request, response) => response.end('{"status":"UP"}'));
  other.listen(shop.ports.router, '127.0.0.1');
  await once(other, 'listening');
  await using start = runStart(shop.environment);
  expect(await start.exited).toBe(1);
  other.close();
  expect(start.output().trim()).toBe(
    `Port ${shop.ports.router} (router) is taken, it seems by a Tributary that is still running: stop that one with Ctrl-C in its terminal.`,
  );
});

it('exits with the message of a service that cannot start, and stops the others', async () => {
  using shop = await createShopFolder();
  mkdirSync(join(shop.path, 'data', 'product'), { recursive: true });
  writeFileSync(join(shop.path, 'data', 'product', 'stray'), '');
  await using start = runStart(shop.environment);
  expect(await start.exited).toBe(1);
  expect(start.output()).toMatch(
    /product ended while starting \(exit code 1\), last output: ".*cannot be opened.*"\.\n$/,
  );
  expect(await isUp(shop.ports.order)).toBe(false);
}, 120_000);

it('rejects an invalid key file and explains how to replace it', async () => {
  using shop = await createShopFolder();
  const file = join(shop.path, 'data', 'identity-keys');
  writeFileSync(file, 'too-short');
  await using start = runStart(shop.environment);
  expect(await start.exited).toBe(1);
  expect(start.output()).toContain(
    `${file} does not contain "id:secret": delete it, and the next start creates a new one.`,
  );
});

it('reports all errors in router.yaml before it starts any service', async () => {
  using shop = await createShopFolder();
  writeFileSync(join(shop.path, 'router.yaml'), 'listen:\n  prot: 4000\nmode: fast\n');
  await using start = runStart(shop.environment);
  expect(await start.exited).toBe(1);
  expect(start.output()).toMatch(/router\.yaml:2: listen\.prot: unknown key/);
  expect(start.output()).toMatch(/router\.yaml:3: mode: /);
});
