import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePort } from '../servers/free-port.ts';
import { until } from '../time/until.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const names = ['order', 'product', 'user', 'shipping', 'inventory'] as const;

/** A folder with the configuration and the data of a shop of its own, on ports of its own. */
export type ShopFolder = Disposable & {
  readonly path: string;
  readonly ports: Readonly<Record<(typeof names)[number] | 'router' | 'admin' | 'registry', number>>;
  readonly environment: Readonly<Record<string, string>>;
};

export async function createShopFolder(): Promise<ShopFolder> {
  const path = mkdtempSync(join(tmpdir(), 'tributary-shop-'));
  const data = join(path, 'data');
  mkdirSync(data);
  const template = join(root, '.data', '.template-pg18');
  if (existsSync(template)) cpSync(template, join(data, '.template-pg18'), { recursive: true });
  const ports = await freePorts();
  writeFileSync(join(path, 'supergraph.yaml'), stringify(supergraph(ports)));
  writeFileSync(join(path, 'router.yaml'), stringify(routerConfig(ports)));
  return {
    path,
    ports,
    environment: {
      PORT: String(ports.router),
      REGISTRY_PORT: String(ports.registry),
      ROUTER_CONFIG: join(path, 'router.yaml'),
      DATA_DIR: data,
      ISSUER_URL: `http://127.0.0.1:${ports.user}`,
    },
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}

async function freePorts(): Promise<ShopFolder['ports']> {
  const [order, product, user, shipping, inventory, router, admin, registry] = await Promise.all([
    freePort(),
    freePort(),
    freePort(),
    freePort(),
    freePort(),
    freePort(),
    freePort(),
    freePort(),
  ]);
  return { order, product, user, shipping, inventory, router, admin, registry };
}

function supergraph(ports: ShopFolder['ports']) {
  const subgraphs = names.map((name) => [
    name,
    {
      routing_url: `http://127.0.0.1:${ports[name]}/graphql`,
      schema: { file: join(root, 'subgraphs', name, 'schema.graphql') },
    },
  ]);
  return { federation_version: '=2.14.4', subgraphs: Object.fromEntries(subgraphs) };
}

function routerConfig({ user, admin }: ShopFolder['ports']) {
  const issuer = `http://127.0.0.1:${user}`;
  const known = `${issuer}/.well-known`;
  return {
    admin: { port: admin },
    authentication: {
      issuers: [
        {
          issuer,
          audience: 'tributary',
          jwksUrl: `${known}/jwks.json`,
          revocationsUrl: `${known}/revoked-tokens`,
        },
      ],
    },
    rateLimit: { enabled: true },
    shutdown: { lameDuckMs: 0 },
  };
}

export type StartCommand = AsyncDisposable & {
  /** Process id of the launcher, or of the given command. */
  readonly pid: number;
  readonly output: () => string;
  /** Resolves when the output contains the text; rejects with the output if the command ends first. */
  readonly prints: (text: string, timeoutMs?: number) => Promise<void>;
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly exited: Promise<number | null>;
};

/** Runs `bin/start.ts` as `npm start` does, without npm, or another command. */
export function runStart(
  environment: Readonly<Record<string, string>>,
  command: readonly [program: string, ...args: string[]] = [process.execPath, 'bin/run.mjs', 'bin/start.ts'],
): StartCommand {
  const { REDIS_URL: _redis, DATABASE_URL: _database, ...inherited } = process.env;
  const [program, ...args] = command;
  const child = spawn(program, args, {
    cwd: root,
    env: { ...inherited, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => (output += data.toString()));
  let isComplete = false;
  const exited = once(child, 'close').then(() => {
    isComplete = true;
    return child.exitCode;
  });
  return {
    pid: child.pid ?? 0,
    output: () => output,
    exited,
    signal: (signal) => child.kill(signal),
    async prints(text, timeoutMs = 60_000) {
      const done = () => output.includes(text) || isComplete;
      if (!(await until(done, timeoutMs)) || !output.includes(text)) {
        throw new Error(`"${text}" was not printed, but:\n${output}`);
      }
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
