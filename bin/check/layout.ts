import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { FOLDERS, LAYERS } from './layers.ts';
import type { Layer } from './layers.ts';

const MAX_ROOT_FILES = 5;
const MAX_FOLDER_FILES = 16;

/** TypeScript sources by their path below the folder that is checked. */
type Sources = ReadonlyMap<string, string>;

/** Returns one line for each import and each file that breaks the layout. */
export function layoutProblems(sources: Sources, layers: readonly Layer[]): readonly string[] {
  const imports = new Map([...sources].map(([file, text]) => [file, importsOf(file, text, sources)]));
  return [
    ...importCycles(imports),
    ...upwardImports(imports, layers),
    ...crowdedFolders([...sources.keys()]),
  ];
}

/** Imports of types count, because a reader follows them too. */
function importsOf(file: string, text: string, sources: Sources): readonly string[] {
  const specifiers = text.matchAll(/\b(?:from|import\(?)\s*'(\.[^']*)'/g);
  const targets = [...specifiers].map(([, specifier = '']) => normalize(join(dirname(file), specifier)));
  return [...new Set(targets)].filter((target) => sources.has(target));
}

type Imports = ReadonlyMap<string, readonly string[]>;

/** One cycle for each import that closes one. */
function importCycles(imports: Imports): readonly string[] {
  const cycles: string[] = [];
  const finished = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file);
    if (start >= 0) cycles.push(`import cycle: ${[...path.slice(start), file].join(' → ')}`);
    if (start >= 0 || finished.has(file)) return;
    for (const target of imports.get(file) ?? []) visit(target, [...path, file]);
    finished.add(file);
  };
  for (const file of imports.keys()) visit(file, []);
  return cycles;
}

function upwardImports(imports: Imports, layers: readonly Layer[]): readonly string[] {
  const order = layers.flatMap(({ modules }) => Object.keys(modules));
  const rank = new Map(order.map((module, index) => [module, index]));
  const used = new Set([...imports.keys()].map(moduleOf));
  const unlisted = [...used].filter((module) => !rank.has(module));
  const absent = order.filter((module) => !used.has(module));
  const upward = [...imports].flatMap(([file, targets]) =>
    targets
      .filter((target) => (rank.get(moduleOf(target)) ?? 0) < (rank.get(moduleOf(file)) ?? 0))
      .map((target) => `${file} imports ${target}, which is in a higher layer`),
  );
  return [
    ...unlisted.map((module) => `${module} is not in bin/check/layers.ts`),
    ...absent.map((module) => `${module} is in bin/check/layers.ts and has no file`),
    ...upward,
  ];
}

/** The folder of a file; a file of the root is a module of its own. */
function moduleOf(file: string): string {
  return file.includes('/') ? dirname(file) : file;
}

function crowdedFolders(files: readonly string[]): readonly string[] {
  const byName = Object.entries(Object.groupBy(files, (file) => basename(file)));
  const byFolder = Object.entries(Object.groupBy(files, (file) => dirname(file)));
  return [
    ...byName
      .filter(([, same = []]) => same.length > 1)
      .map(([name, same = []]) => `${name} is the name of ${same.length} files: ${same.join(', ')}`),
    ...byFolder
      .map(([folder, inside = []]) => ({ folder, count: inside.length, max: maxFiles(folder) }))
      .filter(({ count, max }) => count > max)
      .map(({ folder, count, max }) => `${folder} has ${count} files, at most ${max} are allowed`),
  ];
}

function maxFiles(folder: string): number {
  return folder === '.' ? MAX_ROOT_FILES : MAX_FOLDER_FILES;
}

/**
 * Returns one line for each import between the top folders that `allowed` does not list. They are separate
 * deployables, so an import would make one install what another needs.
 */
export function crossImports(
  sources: Sources,
  allowed: Readonly<Record<string, readonly string[]>>,
): readonly string[] {
  return [...sources].flatMap(([file, text]) => {
    const folder = topFolder(file);
    const rule = allowed[folder];
    if (rule === undefined) return [];
    return importsOf(file, text, sources)
      .filter((target) => ![folder, ...rule].includes(topFolder(target)))
      .map((target) => `${file} imports ${target}: ${folder}/ may import only ${inWords(rule)}`);
  });
}

function topFolder(file: string): string {
  return file.split('/', 1)[0] ?? '';
}

function inWords(folders: readonly string[]): string {
  return ['its own files', ...folders.map((folder) => `${folder}/`)].join(' and ');
}

function readSources(directory: string, pattern: string): Sources {
  const files = globSync(pattern, { cwd: directory, exclude: ['**/node_modules/**'] });
  return new Map(
    files.map((file) => [file.replaceAll('\\', '/'), readFileSync(join(directory, file), 'utf8')]),
  );
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..', '..');
  const problems = [
    ...layoutProblems(readSources(join(root, 'router'), '**/*.ts'), LAYERS),
    ...crossImports(readSources(root, '*/**/*.{ts,tsx}'), FOLDERS),
  ];
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
}
