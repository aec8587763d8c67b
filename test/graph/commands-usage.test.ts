import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { MisuseError, positiveNumber } from '../../cli/command-spec.ts';
import { VERBS as ALL_VERBS } from '../../cli/verbs.ts';
import { parseCommandLine } from '../../cli/parser.ts';
import { parseConfig } from '../../router/config/config.ts';
import { codeBlocks, documentationFiles, prose, readPage } from '../support/processes/documentation.ts';

const root = join(import.meta.dirname, '..', '..');
const directory = mkdtempSync(join(tmpdir(), 'tributary-usage-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const PROGRAMS = {
  'npm start': 'bin/start.ts',
  'npm test': 'bin/test.ts',
  'npm run check': 'bin/check.ts',
  'npm run generate': 'bin/generate.ts',
  'npm run manifests': 'bin/manifests.ts',
  'npm run release': 'bin/release.ts',
  'npm run bench': 'bench/main.ts',
  'npm run differential': 'test/differential/run.ts',
  'npm run fuzz': 'test/fuzz/run.ts',
  'npm run chaos': 'test/chaos/run.ts',
  'npm run incident': 'bin/incident.ts',
} as const;

/** The npm scripts that call a verb of `tributary`, with the verb. */
const VERBS = { 'npm run router': 'serve', 'npm run compose': 'compose' } as const;
const CLI = 'cli/main.ts';

function run(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd = directory,
) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, file), ...args], {
    encoding: 'utf8',
    cwd,
    env: { PATH: process.env['PATH'], ...env },
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));

function usageOf(file: string | undefined, verb: string | undefined): string {
  if (verb !== undefined) return run(CLI, [verb, '--help']).stdout;
  return file === undefined ? '' : run(file, ['--help']).stdout;
}

/** Returns the npm commands of a page, without `npm ci`. */
function commandLines(text: string): readonly string[] {
  const inline = [...prose(text).matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
  return [...inline, ...codeBlocks(text, 'sh'), ...codeBlocks(text, '')]
    .flatMap((code) => code.split(/\n|&&/))
    .map((line) => line.trim())
    .filter((line) => /^npm (?!(?:ci|pack|install)\b)/.test(line));
}

test.each(Object.entries(PROGRAMS))(
  '%s rejects an unknown option with its usage and exit code 2',
  (name, file) => {
    const { stderr, ...rest } = run(file, ['--halp']);
    expect(rest).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^unknown option '--halp'; did you mean --help\?\n\n/);
    expect(stderr).toContain(`\nUsage: ${name} -- [options]`);
  },
);

test.each(Object.values(VERBS))('tributary %s rejects an unknown option in the same way', (verb) => {
  const { stderr, ...rest } = run(CLI, [verb, '--halp']);
  expect(rest).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/^unknown option '--halp'; did you mean --help\?\n\n/);
  expect(stderr).toContain(`\nUsage: tributary ${verb} [options]`);
});

test('the documentation names only commands and options that exist', () => {
  const usages = new Map<string, string>();
  const usage = (command: string) => {
    const file = Object.entries(PROGRAMS).find(([name]) => name === command)?.[1];
    const verb = Object.entries(VERBS).find(([name]) => name === command)?.[1];
    const known = usages.get(command) ?? usageOf(file, verb);
    usages.set(command, known);
    return known;
  };
  const problems = (line: string) => {
    const [command = '', name = ''] = /^npm (?:run )?([\w-]+)/.exec(line) ?? [];
    if (scripts[name] === undefined) return [`there is no script: ${line}`];
    const options = (line.match(/ --?[a-zA-Z][\w-]*/g) ?? []).map((option) => option.trim());
    return options
      .filter((option) => option !== '--help' && !new RegExp(`[\\s,]${option}\\b`).test(usage(command)))
      .map((option) => `${option} is unknown: ${line}`);
  };
  const lines = documentationFiles().flatMap((file) => commandLines(readPage(file)));
  expect(lines.length).toBeGreaterThan(20);
  expect(lines.flatMap(problems)).toEqual([]);
});

/** Returns the calls of `tributary` in a page. */
function tributaryCalls(text: string): readonly string[] {
  const inline = [...prose(text).matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
  return [...inline, ...codeBlocks(text, 'sh')]
    .flatMap((code) => code.split('\n'))
    .flatMap((line) => /(?:^|npx (?:.* )?|\$\()(tributary [a-z].*)/.exec(line)?.[1] ?? [])
    .map((line) => line.replace(/[)"].*/, ''));
}

test('the documentation names only verbs and options of tributary that exist', () => {
  const problems = (line: string) => {
    const [, name = '', second = '', ...args] = line.split(' ');
    if (second === '' && ALL_VERBS.some(({ spec }) => spec.name.startsWith(`${name} `))) return [];
    const verb = ALL_VERBS.find(({ spec }) => [name, `${name} ${second}`].includes(spec.name));
    if (verb === undefined) return [`there is no verb: ${line}`];
    const options = [second, ...args].flatMap((arg) => /^--([\w-]+)/.exec(arg)?.[1] ?? []);
    return options
      .filter((option) => option !== 'help' && !(option in verb.spec.options))
      .map((option) => `--${option}: ${line}`);
  };
  const calls = documentationFiles().flatMap((file) => tributaryCalls(readPage(file)));
  expect(calls.length).toBeGreaterThan(15);
  expect(calls.flatMap(problems)).toEqual([]);
});

test('the completion script for bash completes verbs, options and their values', () => {
  const complete = (...words: readonly string[]) => {
    const script = run(CLI, ['completion', 'bash']).stdout;
    const call = `${script}\nCOMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}; _tributary; echo "\${COMPREPLY[*]}"`;
    return spawnSync('bash', ['-c', call], { cwd: directory, encoding: 'utf8' }).stdout.trim();
  };
  expect(complete('tributary', 'val')).toBe('validate');
  expect(complete('tributary', 'plan', '--op')).toBe('--operation-name');
  expect(complete('tributary', 'plan', '--format', 'm')).toBe('mermaid');
  expect(complete('tributary', 'completion', 'f')).toBe('fish');
});

test.each(['zsh', 'fish'])('the completion script for %s names every verb and option', (shell) => {
  const { stdout, status } = run(CLI, ['completion', shell]);
  const names = ALL_VERBS.flatMap(({ spec }) => [...spec.name.split(' '), ...Object.keys(spec.options)]);
  expect([status, names.filter((name) => !stdout.includes(name))]).toEqual([0, []]);
});

test('--help prints the usage and exits with 0', () => {
  const help = run(CLI, ['serve', '--help']);
  expect(help).toEqual({ status: 0, stderr: '', stdout: expect.stringContaining('Usage: tributary serve') });
});

describe('arguments of a command', () => {
  const spec = {
    name: 'npm run some',
    summary: 'Does something.',
    positionals: { name: '[FILE]', max: 1, description: 'a file' },
    options: {
      config: { type: 'string', short: 'c', value: 'FILE', description: 'a file' },
      count: { type: 'string', default: '3', description: 'a number' },
      quiet: { type: 'boolean', description: 'a flag' },
    },
  } as const;

  test('are typed values, positionals and defaults', () => {
    expect(parseCommandLine(spec, ['a', '-c', 'x', '--quiet'])).toEqual({
      values: { config: 'x', count: '3', quiet: true },
      positionals: ['a'],
      passedOn: [],
    });
    expect(parseCommandLine({ ...spec, passedOn: 'more' }, ['--', '--bail', '1']).passedOn).toEqual([
      '--bail',
      '1',
    ]);
  });

  test.each([
    [['--confg', 'x'], "unknown option '--confg'; did you mean --config?"],
    [['--wholly-else'], "unknown option '--wholly-else'"],
    [['-x'], "unknown option '-x'"],
    [['a', 'b'], 'too many arguments. Expected 1 argument but got 2: a, b.'],
    [['--', 'b'], 'unexpected arguments after --: b'],
    [['--config'], "option '-c, --config <FILE>' argument missing"],
    [['--quiet=1'], "unknown option '--quiet=1'; did you mean --quiet?"],
  ])('%j is misuse', (args, message) => {
    expect(() => parseCommandLine(spec, args)).toThrow(new MisuseError(message));
  });

  test.each(['0', '-1', 'x', '', '1.5', '11', '1e0', '0x5', ' 5'])('the number %j is misuse', (text) => {
    expect(() => positiveNumber('count', text, { whole: true, max: 10 })).toThrow(
      `--count must be a whole number above 0 and at most 10, not "${text}"`,
    );
  });
});

test('a port is a decimal number, and 0 stands for any free port', () => {
  for (const command of ['serve', 'registry'])
    for (const port of ['1e3', '0x50', 'abc', '65536'])
      expect(run(CLI, [command, '--port', port])).toMatchObject({
        status: 2,
        stderr: expect.stringContaining(`--port must be a whole number from 0 to 65535, not "${port}"`),
      });
});

test.runIf(existsSync('/dev/full'))('an output that cannot be written is explained', () => {
  const full = openSync('/dev/full', 'w');
  const { status, stderr } = spawnSync(process.execPath, [join(root, CLI), 'explain', 'RATE_LIMITED'], {
    encoding: 'utf8',
    stdio: ['ignore', full, 'pipe'],
  });
  closeSync(full);
  expect({ status, stderr }).toEqual({ status: 1, stderr: 'cannot write the output: ENOSPC\n' });
});

test('npm run timing -- --help prints its own usage', () => {
  const help = run('bin/test.ts', ['--timing', '--help']);
  expect(help).toEqual({ status: 0, stderr: '', stdout: expect.stringContaining('Usage: npm run timing') });
});

test('npm run compose -- -o FILE writes the SDL and one line on stderr', () => {
  const file = join(directory, 'supergraph.graphql');
  expect(run(CLI, ['compose', '-o', file], {}, root)).toEqual({
    status: 0,
    stdout: '',
    stderr: `supergraph written to ${file}\n`,
  });
  expect(readFileSync(file, 'utf8')).toMatch(/^schema\n/);

  const unwritable = join(directory, 'absent', 'x');
  const failed = run(CLI, ['compose', '-o', unwritable, file]);
  expect(failed).toEqual({
    status: 1,
    stdout: '',
    stderr: `--output: cannot write ${unwritable} (its folder does not exist)\n`,
  });
});

test.each(['compose', 'migrate'])('%s does not overwrite the file that it reads', (verb) => {
  const file = join(directory, `${verb}.yaml`);
  writeFileSync(file, 'supergraph: {}\n');
  expect(run(CLI, [verb, file, '-o', file])).toEqual({
    status: 1,
    stdout: '',
    stderr: `--output: ${file} is a file that the command reads, name another one\n`,
  });
  expect(readFileSync(file, 'utf8')).toBe('supergraph: {}\n');
});

test('compose overwrites neither router.yaml nor the schema of a subgraph, not through a link either', () => {
  const folder = join(directory, 'inputs');
  run(CLI, ['init', folder]);
  symlinkSync('products.graphql', join(folder, 'link.graphql'));
  for (const output of ['router.yaml', 'supergraph.yaml', 'products.graphql', 'link.graphql']) {
    const before = readFileSync(join(folder, output), 'utf8');
    expect(run(CLI, ['compose', '-o', output], {}, folder)).toEqual({
      status: 1,
      stdout: '',
      stderr: `--output: ${output} is a file that the command reads, name another one\n`,
    });
    expect(readFileSync(join(folder, output), 'utf8')).toBe(before);
  }
});

test.each([
  [CLI, ['compose', directory], {}, `expected a file, but ${directory} is a directory`],
  [CLI, ['compose', '/nope'], {}, 'file not found: /nope'],
  [CLI, ['compose', '--config', '/nope'], {}, '--config: file not found: /nope'],
  [CLI, ['compose'], { SUPERGRAPH: directory }, `expected a file, but ${directory} is a directory`],
  ['bin/start.ts', ['--config', '/nope'], {}, '--config: file not found: /nope'],
  [CLI, ['serve', '--config', '/nope'], {}, '--config: file not found: /nope'],
  [CLI, ['serve'], { ROUTER_CONFIG: '/nope' }, 'ROUTER_CONFIG: file not found: /nope'],
  [CLI, ['serve', '-c', directory], {}, `--config: expected a file, but ${directory} is a directory`],
])('%s %j with %j names the file that it cannot use', (file, args, env, message) => {
  const { status, stdout, stderr } = run(file, args, env);
  expect([status, stdout, stderr.trim()]).toEqual([1, '', message]);
});

test('an empty ROUTER_CONFIG counts as absent', () => {
  writeFileSync(join(directory, 'router.yaml'), 'limits: { depth: deep }\n');
  const { status, stderr } = run(CLI, ['serve'], { ROUTER_CONFIG: '' });
  rmSync(join(directory, 'router.yaml'));
  expect([status, stderr]).toEqual([1, expect.stringMatching(/^router.yaml:1: limits.depth: /)]);
});

test('a router.yaml that is a directory is reported in one line', () => {
  const folder = mkdtempSync(join(directory, 'folder-'));
  mkdirSync(join(folder, 'router.yaml'));
  const { status, stdout, stderr } = run(CLI, ['serve'], {}, folder);
  expect([status, stdout, stderr]).toEqual([
    1,
    '',
    `expected a file, but ${join(folder, 'router.yaml')} is a directory\n`,
  ]);
});

test('npm run router -- --config FILE reads this file', () => {
  writeFileSync(join(directory, 'other.yaml'), 'limits: { depth: deep }\n');
  const { status, stderr } = run(CLI, ['serve', '--config', 'other.yaml'], {
    ROUTER_CONFIG: 'absent.yaml',
  });
  expect([status, stderr]).toEqual([1, expect.stringContaining('other.yaml:1: limits.depth: ')]);
});

test('tributary init writes a router.yaml that is valid with and without its commented keys', () => {
  const folder = join(directory, 'init');
  expect(run(CLI, ['init', folder])).toMatchObject({
    status: 0,
    stderr: expect.stringMatching(/^next: npx /),
  });
  expect(run(CLI, ['init', '-f', './'], {}, folder).stderr).toBe('next: npx tributary dev --mock products\n');
  const text = readFileSync(join(folder, 'router.yaml'), 'utf8');
  const uncommented = text.replaceAll(/^# (\w+:| {2})/gm, '$1');
  const source = { env: {}, fileName: 'router.yaml', directory: folder };
  expect(parseConfig(text, source).rateLimit.enabled).toBe(false);
  expect(parseConfig(uncommented, source)).toMatchObject({
    headers: { request: [{ propagate: { named: 'accept-language' } }] },
    authentication: { issuers: [{ audience: 'my-graph' }] },
    rateLimit: { enabled: true },
  });
});

test('tributary plan plans for the labels of --label, and rejects one that the supergraph does not have', () => {
  const file = join(directory, 'labels.yaml');
  const link =
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key", "@override"])';
  const subgraph = (sdl: string) => ({
    routing_url: 'http://127.0.0.1:9',
    schema: { sdl: `${link} ${sdl}` },
  });
  const subgraphs = {
    a: subgraph('type Query { p: P } type P @key(fields: "id") { id: ID! stock: Int }'),
    b: subgraph('type P @key(fields: "id") { id: ID! stock: Int @override(from: "a", label: "new-stock") }'),
  };
  writeFileSync(file, JSON.stringify({ subgraphs }));
  const plan = (label: string) => run(CLI, ['plan', '-s', file, '-q', '{ p { stock } }', '--label', label]);
  expect(plan('new-stock').stdout).toContain('calls: 2 (a 1, b 1)');
  expect(plan('nw-stock')).toEqual({
    status: 1,
    stdout: '',
    stderr: '--label: the supergraph has no label nw-stock; did you mean new-stock?\n',
  });
});

test('tributary plan --graph plans for a client of a contract, and rejects an unknown one', () => {
  const file = join(directory, 'tagged.yaml');
  const link =
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@tag", "@listSize"])';
  const sdl = `${link} type Query { open: Int secret: Int @tag(name: "internal") }`;
  const subgraphs = { a: { routing_url: 'http://127.0.0.1:9', schema: { sdl } } };
  writeFileSync(file, JSON.stringify({ subgraphs }));
  const config = join(directory, 'graphs.yaml');
  writeFileSync(config, 'graphs: { public: { path: /public, exclude: [internal] } }');
  const plan = (graph: string, query: string) =>
    run(CLI, ['plan', '-s', file, '--config', config, '--graph', graph, '-q', query]);
  expect(plan('public', '{ open }')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('calls: 1 (a 1)'),
  });
  expect(plan('public', '{ secret }')).toEqual({
    status: 1,
    stdout: '',
    stderr: '1:3: Cannot query field "secret" on type "Query".\n',
  });
  expect(plan('publik', '{ open }')).toEqual({
    status: 1,
    stdout: '',
    stderr: '--graph: the configuration has no graph publik; did you mean public?\n',
  });
});
