// Runs a program of the project with a suitable version of Node: `node bin/run.mjs [--v8-flag…] FILE
// [argument…]`. Plain JavaScript in the syntax of Node 20, because an older Node must be able to run it and
// find a newer one.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
// package.json is the one place that names the oldest Node that will do, and the one that the packages carry.
const { engines, optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const oldest = /\d+\.\d+/.exec(engines.node)[0];
const carried = Object.values(optionalDependencies)[0].split('.')[0];
const NONE = `Tributary needs Node ${oldest} or newer, and this is ${process.versions.node}: run "npm ci", which brings Node ${carried} along for Linux (glibc), macOS and Windows, or install Node ${carried} yourself.`;
const node = newEnough(process.versions.node) ? process.execPath : packagedNode();
if (node === undefined) fail(NONE);
if (node !== process.execPath) assertRuns(node);

const child = spawn(node, withoutChosenFlags(process.argv.slice(2)), {
  stdio: 'inherit',
  env: { ...process.env, PATH: dirname(node) + delimiter + (process.env.PATH ?? '') },
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
// npm and its shell exit on a signal without forwarding it, so a changed parent process means SIGTERM. It is
// sent once, because a second signal would end the program at once.
const parent = process.ppid;
const watch = setInterval(() => {
  if (process.ppid === parent) return;
  clearInterval(watch);
  child.kill('SIGTERM');
}, 500).unref();
child.on('error', (error) => fail(`This Node cannot be started: ${error.message}.`));
child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));

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

// npm 10 removes node_modules/.bin/node, so only the folder of the package is reliable.
function packagedNode() {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const places = [`node-${platform}-${process.arch}`, `node-bin-${platform}-${process.arch}`];
  const file = process.platform === 'win32' ? 'node.exe' : 'node';
  return places.map((place) => join(root, 'node_modules', place, 'bin', file)).find(existsSync);
}

// Minimal systems lack a library that the packaged Node needs.
function assertRuns(file) {
  const { status, error, stderr } = spawnSync(file, ['--version'], { encoding: 'utf8' });
  if (status === 0) return;
  const reason = (error?.message ?? stderr).trim();
  const remedy = reason.includes('libatomic') ? ' (on Debian and Ubuntu: apt-get install libatomic1)' : '';
  fail(`The Node ${carried} that "npm ci" brought along does not run here: ${reason}${remedy}.`);
}

function fail(reason) {
  console.error(reason);
  process.exit(1);
}
