import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, it } from 'vitest';
import { V8_FLAGS } from '../../router/process/v8-flags.ts';
import { spawnRouter } from '../support/processes/router-process.ts';

const repository = join(import.meta.dirname, '..', '..');
const launcher = join(repository, 'bin', 'run.mjs');
const folder = mkdtempSync(join(tmpdir(), 'tributary-launcher-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// Makes a Node report an old version to the launcher.
const old = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })";
const asOldNode = ['--import', `data:text/javascript,${encodeURIComponent(old)}`];

function launch(
  args: readonly string[],
  { file = launcher, nodeArgs = [] as readonly string[], env = {} } = {},
) {
  return spawn(process.execPath, [...nodeArgs, file, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
}

async function outcome(child: ReturnType<typeof launch>) {
  const exited = once(child, 'exit');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  await exited;
  return { code: child.exitCode, stdout: stdout.trim(), stderr: stderr.trim() };
}

function program(name: string, source: string): string {
  const file = join(folder, name);
  writeFileSync(file, source);
  return file;
}

/** Creates a checkout without installed packages, optionally with a Node in them. */
function checkout({ carriesNode }: { carriesNode: boolean }): string {
  const root = mkdtempSync(join(folder, 'checkout-'));
  mkdirSync(join(root, 'bin'));
  for (const file of ['run.mjs', 'launcher.mjs'])
    copyFileSync(join(repository, 'bin', file), join(root, 'bin', file));
  copyFileSync(join(repository, 'package.json'), join(root, 'package.json'));
  if (carriesNode) {
    const place = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin');
    mkdirSync(place, { recursive: true });
    symlinkSync(process.execPath, join(place, 'node'));
  }
  return join(root, 'bin', 'run.mjs');
}

describe('the launcher', () => {
  it('runs a program with arguments and V8 flags, and exits with its exit code', async () => {
    const file = program(
      'echo.ts',
      'const args: string[] = process.argv.slice(2); console.log(args.join(), process.execArgv.join()); process.exit(7);',
    );
    const result = await outcome(launch(['--max-old-space-size=64', file, 'one', '--two']));
    expect(result).toEqual({ code: 7, stdout: 'one,--two --max-old-space-size=64', stderr: '' });
  });

  it('puts its Node first in PATH, for the programs that this one starts', async () => {
    const file = program('path.ts', "console.log(process.env['PATH']);");
    const { stdout } = await outcome(launch([file]));
    expect(stdout.split(':')[0]).toBe(dirname(process.execPath));
  });

  it('forwards SIGTERM and exits as the program does', async () => {
    const file = program(
      'stop.ts',
      "process.on('SIGTERM', () => process.exit(3)); setInterval(() => {}, 1000); console.log('up');",
    );
    const child = launch([file]);
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect((await outcome(child)).code).toBe(3);
  });

  it('translates the signal that ended the program into the exit code that shells use', async () => {
    const file = program('die.ts', "process.kill(process.pid, 'SIGKILL');");
    expect((await outcome(launch([file]))).code).toBe(128 + 9);
  });

  it('uses the Node in the packages if its own is too old', async () => {
    const file = program('where.ts', "console.log(process.env['PATH']);");
    const carried = checkout({ carriesNode: true });
    const { stdout, code } = await outcome(launch([file], { file: carried, nodeArgs: asOldNode }));
    expect(code).toBe(0);
    expect(stdout).toContain(join(dirname(dirname(carried)), 'node_modules'));
  });

  it('reports what the Node in the packages lacks on this machine', async () => {
    const carried = checkout({ carriesNode: true });
    const place = join(dirname(dirname(carried)), 'node_modules', `node-${process.platform}-${process.arch}`);
    rmSync(join(place, 'bin', 'node'));
    writeFileSync(
      join(place, 'bin', 'node'),
      '#!/bin/sh\necho "node: error while loading shared libraries: libatomic.so.1" >&2\nexit 127\n',
      { mode: 0o755 },
    );
    const result = await outcome(launch(['any.ts'], { file: carried, nodeArgs: asOldNode }));
    expect(result).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'The Node 26 that npm installed with Tributary does not run here: node: error while loading shared libraries: libatomic.so.1 (on Debian and Ubuntu: apt-get install libatomic1).',
    });
  });

  it('reports how to install a Node that is new enough', async () => {
    const result = await outcome(
      launch(['any.ts'], { file: checkout({ carriesNode: false }), nodeArgs: asOldNode }),
    );
    expect(result).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'Tributary needs Node 24.15 or newer, and this is 20.20.2: run "npm ci", which brings Node 26 along for Linux (glibc), macOS and Windows, or install Node 26 yourself.',
    });
  });
});

describe("the V8 flags of the router's process", () => {
  const root = dirname(dirname(launcher));

  it('are set by npm run router, and by the command of the package, which is that of the image', () => {
    const read = (...path: readonly string[]) => readFileSync(join(root, ...path), 'utf8');
    const { scripts } = JSON.parse(read('package.json'));
    expect(scripts.router).toBe(`node bin/run.mjs ${V8_FLAGS.join(' ')} cli/main.ts serve`);
    const [, flags = ''] =
      /\['serve', 'dev'\]\.includes\([^]*? \? \[(.*)\] : \[\]/.exec(read('bin', 'tributary.mjs')) ?? [];
    expect(flags).toBe(V8_FLAGS.map((flag) => `'${flag}'`).join(', '));
    expect(read('deploy', 'Dockerfile')).toMatch(/^ENTRYPOINT \["tributary"\]\nCMD \["serve"\]$/m);
  });

  it('are overridden by the same flag in NODE_OPTIONS, but not by other flags and arguments', async () => {
    const file = program('chosen.ts', 'console.log(process.execArgv.join(), process.argv.slice(2).join());');
    const args = ['--max-semi-space-size=64', '--max-old-space-size=200', file, '--max-semi-space-size'];
    const env = { NODE_OPTIONS: '--max_semi_space_size=16' };
    const { stdout } = await outcome(launch(args, { env }));
    expect(stdout).toBe('--max-old-space-size=200 --max-semi-space-size');
  });

  it('are named in a warning when the router is started without them, once for all workers', async () => {
    writeFileSync(join(folder, 'router.yaml'), 'workers: 2');
    writeFileSync(
      join(folder, 'supergraph.yaml'),
      'subgraphs: { a: { routing_url: http://127.0.0.1:9, schema: { sdl: "type Query { a: Int }" } } }',
    );
    const lines: unknown[] = [];
    const env = { PORT: '0', ADMIN_PORT: '0' };
    const router = spawnRouter(folder, { env, nodeFlags: [], onLine: (line) => lines.push(line) });
    await router.ready;
    router.process.kill('SIGTERM');
    expect(await router.exited).toBe(0);
    const warnings = lines.filter((line) => JSON.stringify(line).includes('V8 flag'));
    expect(warnings).toEqual([
      expect.objectContaining({
        flag: V8_FLAGS.join(' '),
        msg: 'V8 flag missing, large responses cost more CPU',
      }),
    ]);
  }, 180_000);
});
