// Finds a suitable Node and starts programs with it. Plain JavaScript in the syntax of Node 20, because an
// older Node must be able to run it and find a newer one.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
// package.json is the one place that names the oldest Node that will do, and the one that the packages carry.
const { engines, optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const oldest = /\d+\.\d+/.exec(engines.node)[0];
const carried = Object.values(optionalDependencies)[0].split('.')[0];

/** Whether the Node of this process is new enough. */
export const isNewEnough = newEnough(process.versions.node);

/**
 * Returns the path of a Node that is new enough: of this process, or of an installed package. Exits with 1
 * and an explanation if there is none, or if it does not run here. `remedy` says how to install a Node.
 */
export function findNode(remedy) {
  if (isNewEnough) return process.execPath;
  const node = packagedNode();
  if (node === undefined)
    fail(`Tributary needs Node ${oldest} or newer, and this is ${process.versions.node}: ${remedy(carried)}`);
  assertRuns(node);
  return node;
}

/**
 * Starts a program as a child process that shares the terminal, forwards signals to it, and exits as it does.
 * With `followsParent`, SIGTERM is sent when the parent process ends: npm and its shell exit on a signal
 * without forwarding it.
 */
export function spawnProgram(node, args, { followsParent }) {
  const child = spawn(node, withoutChosenFlags(args), { stdio: 'inherit', env: environmentOf(node) });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  if (followsParent) stopWithParent(child);
  child.on('error', (error) => fail(`This Node cannot be started: ${error.message}.`));
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

/** Replaces this process by a program, without another process. Returns only if that is not possible. */
export function becomeProgram(node, args) {
  if (typeof process.execve === 'function' && process.platform !== 'win32')
    process.execve(node, [node, ...withoutChosenFlags(args)], environmentOf(node));
}

function environmentOf(node) {
  return {
    ...process.env,
    // By default glibc keeps memory apart for each of the dozen threads of Node.
    MALLOC_ARENA_MAX: process.env.MALLOC_ARENA_MAX ?? '2',
    PATH: dirname(node) + delimiter + (process.env.PATH ?? ''),
  };
}

// SIGTERM is sent once, because a second signal would end the program at once.
function stopWithParent(child) {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    child.kill('SIGTERM');
  }, 500).unref();
}

// A flag of the npm script would override the same flag in NODE_OPTIONS, which is the operator's choice.
function withoutChosenFlags(args) {
  const chosen = (process.env.NODE_OPTIONS ?? '').replaceAll('_', '-');
  const file = args.findIndex((arg) => !arg.startsWith('-'));
  return args.filter((arg, index) => index >= file || !chosen.includes(arg.split('=', 1)[0]));
}

function newEnough(version) {
  const [major, minor] = version.split('.').map(Number);
  const [oldestMajor, oldestMinor] = oldest.split('.').map(Number);
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

// npm 10 removes node_modules/.bin/node, so only the folder of the package is reliable. It lies in the
// node_modules of this package, or in one above it.
function packagedNode() {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const file = process.platform === 'win32' ? 'node.exe' : 'node';
  const names = [`node-${platform}-${process.arch}`, `node-bin-${platform}-${process.arch}`];
  const { resolve } = createRequire(import.meta.url);
  return names
    .flatMap((name) => (resolve.paths(name) ?? []).map((folder) => join(folder, name, 'bin', file)))
    .find((path) => existsSync(path));
}

// Minimal systems lack a library that the packaged Node needs.
function assertRuns(file) {
  const { status, error, stderr } = spawnSync(file, ['--version'], { encoding: 'utf8' });
  if (status === 0) return;
  const reason = (error?.message ?? stderr).trim();
  const remedy = reason.includes('libatomic') ? ' (on Debian and Ubuntu: apt-get install libatomic1)' : '';
  fail(`The Node ${carried} that npm installed with Tributary does not run here: ${reason}${remedy}.`);
}

function fail(reason) {
  console.error(reason);
  process.exit(1);
}
