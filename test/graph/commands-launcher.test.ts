import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, it } from 'vitest';

const launcher = join(import.meta.dirname, '..', '..', 'bin', 'run.mjs');
const folder = mkdtempSync(join(tmpdir(), 'tributary-launcher-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// Makes a Node take itself for an old one, as far as the launcher can see.
const old = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })";
const asOldNode = ['--import', `data:text/javascript,${encodeURIComponent(old)}`];

function launch(args: readonly string[], { file = launcher, nodeArgs = [] as readonly string[] } = {}) {
  return spawn(process.execPath, [...nodeArgs, file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
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

/** A checkout without installed packages, except that it may carry a Node. */
function checkout({ carriesNode }: { carriesNode: boolean }): string {
  const root = mkdtempSync(join(folder, 'checkout-'));
  mkdirSync(join(root, 'bin'));
  copyFileSync(launcher, join(root, 'bin', 'run.mjs'));
  if (carriesNode) {
    const place = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin');
    mkdirSync(place, { recursive: true });
    symlinkSync(process.execPath, join(place, 'node'));
  }
  return join(root, 'bin', 'run.mjs');
}

describe('the launcher', () => {
  it('runs a program with arguments and V8 flags, and ends with its exit code', async () => {
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

  it('passes SIGTERM on and ends as the program does', async () => {
    const file = program(
      'stop.ts',
      "process.on('SIGTERM', () => process.exit(3)); setInterval(() => {}, 1000); console.log('up');",
    );
    const child = launch([file]);
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect((await outcome(child)).code).toBe(3);
  });

  it('turns the death of the program by a signal into the exit code that shells use', async () => {
    const file = program('die.ts', "process.kill(process.pid, 'SIGKILL');");
    expect((await outcome(launch([file]))).code).toBe(128 + 9);
  });

  it('takes the Node that the packages carry when its own is too old', async () => {
    const file = program('where.ts', "console.log(process.env['PATH']);");
    const carried = checkout({ carriesNode: true });
    const { stdout, code } = await outcome(launch([file], { file: carried, nodeArgs: asOldNode }));
    expect(code).toBe(0);
    expect(stdout).toContain(join(dirname(dirname(carried)), 'node_modules'));
  });

  it('says what the Node that the packages carry lacks on this machine', async () => {
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
        'The Node 26 that "npm ci" brought along does not run here: node: error while loading shared libraries: libatomic.so.1 (on Debian and Ubuntu: apt-get install libatomic1).',
    });
  });

  it('says what to do when there is no Node new enough', async () => {
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

describe.skipIf(process.platform === 'win32')('the flags of V8 that the router wants', () => {
  const flags = join(import.meta.dirname, '..', '..', 'router', 'v8-flags.ts');
  const source = `import { ensureV8Flags } from ${JSON.stringify(flags)};
ensureV8Flags();
console.log(process.execArgv.join(), process.argv.slice(2).join());`;

  it('are given to the process itself, which keeps its own flags and arguments', async () => {
    const result = await outcome(launch(['--max-old-space-size=200', program('flags.ts', source), 'one']));
    const seen = '--max-semi-space-size=64,--max-old-space-size=200 one';
    expect(result).toEqual({ code: 0, stdout: seen, stderr: '' });
  });

  it("give way to the operator's own choice", async () => {
    const { stdout } = await outcome(launch(['--max-semi-space-size=16', program('chosen.ts', source)]));
    expect(stdout).toBe('--max-semi-space-size=16');
  });
});
