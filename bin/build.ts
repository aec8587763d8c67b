import { spawnSync } from 'node:child_process';
import { cpSync, globSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { readCommandLine } from '../cli/single-command.ts';
import { bundleConsole } from './console/bundle.ts';

const COMMAND = {
  name: 'npm run build',
  summary: 'Emits the JavaScript and the type declarations of the package to dist/. `npm pack` runs it.',
  options: {},
} as const;

readCommandLine(COMMAND, () => undefined);
const root = join(import.meta.dirname, '..');
// Files of modules that no longer exist would be packed, too.
rmSync(join(root, 'dist'), { recursive: true, force: true });
const { status } = spawnSync(
  process.execPath,
  [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json'],
  // npm prints the name of the tarball to stdout.
  { cwd: root, stdio: ['ignore', process.stderr, process.stderr] },
);
// The compiler copies only what it compiles.
for (const file of globSync('registry/**/*.graphql', { cwd: root }))
  cpSync(join(root, file), join(root, 'dist', file));
console.error(await bundleConsole(join(root, 'dist', 'console')));
process.exitCode = status ?? 1;
