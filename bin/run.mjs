// Runs a program of the repository with a suitable version of Node: `node bin/run.mjs [--v8-flag…] FILE
// [argument…]`.
import { findNode, spawnProgram } from './launcher.mjs';

const node = findNode(
  (version) =>
    `run "npm ci", which brings Node ${version} along for Linux (glibc), macOS and Windows, or install Node ${version} yourself.`,
);
spawnProgram(node, process.argv.slice(2), { followsParent: true });
