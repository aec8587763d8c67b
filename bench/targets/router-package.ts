import { spawnSync } from 'node:child_process';
import { existsSync, globSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..', '..');
const program = join(root, 'dist', 'cli', 'main.js');
const SOURCES = ['router', 'cli', 'checks', 'registry', 'database'];

/**
 * Returns the command line of the router as its package and its image have it: compiled, because Node would
 * load a compiler into each thread to run the sources. Builds it if a source has changed.
 * @throws {Error} if it cannot be built
 */
export function routerProgram(): string {
  if (isOutdated()) build();
  return program;
}

function isOutdated(): boolean {
  if (!existsSync(program)) return true;
  const { mtimeMs } = statSync(program);
  return globSync(`{${SOURCES.join(',')}}/**/*.ts`, { cwd: root }).some(
    (file) => statSync(join(root, file)).mtimeMs > mtimeMs,
  );
}

function build(): void {
  console.log('building the router into dist …');
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'bin', 'build.ts')], {
    cwd: root,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the router cannot be built: ${stderr}`);
}
