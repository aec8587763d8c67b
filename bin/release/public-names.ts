import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from '../../test/support/processes/run-program.ts';

/** The names that users rely on, by kind: their removal is a breaking change. */
export type PublicNames = Readonly<Record<string, ReadonlySet<string>>>;

/** Reads the names from the generated documentation and the sources of a revision. */
function publicNames(read: (file: string) => string, sources: string): PublicNames {
  return {
    'configuration key': rows(read('docs/configuration.md')),
    'error code': rows(read('docs/errors.md')),
    metric: matches(sources, /'((?:tributary|http)_\w+)'/g),
    export: exportsOf(read('router/library.ts')),
  };
}

export function publicNamesOf(root: string): PublicNames {
  const read = (file: string) => readFileSync(join(root, file), 'utf8');
  const sources = globSync('router/**/*.ts', { cwd: root }).map(read);
  return publicNames(read, sources.join('\n'));
}

/** Returns the names of the last released version and its number, or undefined before the first release. */
export async function lastRelease(root: string) {
  const git = (...args: readonly string[]) => runProgram('git', args, { cwd: root });
  const tags = (await git('tag', '--list', 'v*', '--sort=-version:refname', '--merged')).split('\n');
  const tag = tags[0] ?? '';
  if (tag === '') return undefined;
  const files = ['docs/configuration.md', 'docs/errors.md', 'router/library.ts'];
  const texts = new Map<string, string>();
  for (const file of files) texts.set(file, await git('show', `${tag}:${file}`));
  const sources = await git('grep', '--no-color', '-h', '-E', "'(tributary|http)_", tag, '--', 'router');
  return { version: tag.slice(1), names: publicNames((file) => texts.get(file) ?? '', sources) };
}

/** Returns one line for each removed name if the version does not say that the change is breaking. */
export function namesProblems(
  previous: { readonly version: string; readonly names: PublicNames },
  version: string,
  names: PublicNames,
): readonly string[] {
  if (isBreaking(previous.version, version)) return [];
  const removed = Object.entries(previous.names).flatMap(([kind, known]) =>
    [...known].filter((name) => names[kind]?.has(name) !== true).map((name) => `${kind} ${name}`),
  );
  const needed = nextBreaking(previous.version);
  return removed.map(
    (name) => `the ${name} of ${previous.version} is gone: the version must be ${needed} or higher`,
  );
}

/** Before 1.0.0 the second number stands for breaking changes. */
function isBreaking(from: string, to: string): boolean {
  const [major = 0, minor = 0] = numbers(from);
  const [nextMajor = 0, nextMinor = 0] = numbers(to);
  return nextMajor > major || (major === 0 && nextMajor === 0 && nextMinor > minor);
}

function nextBreaking(version: string): string {
  const [major = 0, minor = 0] = numbers(version);
  return major === 0 ? `0.${minor + 1}.0` : `${major + 1}.0.0`;
}

function numbers(version: string): readonly number[] {
  return version.split('.').map(Number.parseFloat);
}

/** Names in the first column of a table. */
function rows(page: string): ReadonlySet<string> {
  return matches(page, /^\| `([^`]+)` \|/gm);
}

function exportsOf(source: string): ReadonlySet<string> {
  const lists = [...source.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].map(([, names]) => names).join(',');
  const declared = matches(source, /^export (?:const|function|class|type) (\w+)/gm);
  return matches(lists, /(\w+)(?=\s*(?:,|$))/g).union(declared);
}

function matches(text: string, pattern: RegExp): ReadonlySet<string> {
  return new Set([...text.matchAll(pattern)].map(([, name = '']) => name));
}
