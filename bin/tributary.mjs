#!/usr/bin/env node
// The command `tributary`: runs the command line with a suitable version of Node.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { becomeProgram, findNode, isNewEnough, spawnProgram } from './launcher.mjs';

// The package has the emitted JavaScript, the repository the sources.
const source = new URL('../cli/main.ts', import.meta.url);
const main = existsSync(source) ? source : new URL('../dist/cli/main.js', import.meta.url);
// V8 reads its flags only at the start of a process (router/process/v8-flags.ts).
const serves = ['serve', 'dev'].includes(process.argv[2]);
const flags = serves ? ['--max-semi-space-size=64', '--min-semi-space-size=16'] : [];

if (isNewEnough && flags.length === 0) await import(main);
else start();

function start() {
  const node = findNode(
    (version) =>
      `install Node ${version}, or install this package without --omit=optional, which brings Node ${version} along for Linux (glibc), macOS and Windows.`,
  );
  const args = [...flags, fileURLToPath(main), ...process.argv.slice(2)];
  const startedByNpm = process.env.npm_execpath !== undefined;
  // npm does not forward signals, so a process of its own must notice that npm has ended.
  // A channel to the parent process would not survive.
  if (!startedByNpm && process.channel === undefined) becomeProgram(node, args);
  spawnProgram(node, args, { followsParent: startedByNpm });
}
