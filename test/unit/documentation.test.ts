import { generateKeyPairSync } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseConfig } from '../../router/config/config.ts';
import { configJsonSchema } from '../../router/config/config-schema.ts';
import { REGISTRY_METRICS } from '../../registry/telemetry/metrics.ts';
import { PROTECTED_HEADERS } from '../../router/shared/http/protected-headers.ts';
import { configTable } from '../../bin/generate/config-table.ts';
import { codeBlocks, documentationFiles, prose, readPage } from '../support/processes/documentation.ts';

const root = join(import.meta.dirname, '..', '..');
const pages = documentationFiles().map((file) => ({ file, text: readPage(file) }));
const MAX_COLUMNS = 120;
/** Pages that name things that have been renamed or removed. */
const HISTORY = 'CHANGELOG.md';

/** Returns `file: finding` for every finding in every page. */
function findings(find: (text: string, file: string) => readonly string[]): readonly string[] {
  return pages.flatMap(({ file, text }) => find(text, file).map((finding) => `${file}: ${finding}`));
}

/** Returns the inline code of the text and all code blocks of shells. */
function mentions(text: string): readonly string[] {
  const inline = [...prose(text).matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
  return [...inline, ...codeBlocks(text, 'sh').flatMap((block) => block.split(/\s+/))];
}

/** Returns the anchors of a page’s headings, as hosted repositories create them. */
function anchors(markdown: string): ReadonlySet<string> {
  const headings = [...prose(markdown).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

function isBroken(link: string, from: string): boolean {
  if (/^https:\/\/[\w.-]+\.[a-z]+(?:[/?#]\S*)?$/.test(link)) return false;
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? from : normalize(join(dirname(from), path));
  if (target.startsWith('..') || !existsSync(join(root, target))) return true;
  return anchor !== undefined && !anchors(readPage(target)).has(anchor);
}

test('every link leads to an existing page and heading', () => {
  const links = (text: string) => [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link);
  expect(findings(links).length).toBeGreaterThan(50);
  expect(findings((text, file) => links(text).filter((link) => isBroken(link, file)))).toEqual([]);
});

test('every path of the repository that a page names exists', () => {
  const isPath = (code: string) =>
    /^(?:router|subgraphs|test|bin|bench|deploy|docs|\.ci|\.github)\/[\w./*-]*$/.test(code) &&
    !code.startsWith('subgraphs/review') &&
    !/^bench\/(?:out|competitors\/node_modules)/.test(code);
  const isMissing = (path: string) =>
    path.includes('*') ? globSync(path, { cwd: root }).length === 0 : !existsSync(join(root, path));
  expect(findings((text) => mentions(text).filter(isPath)).length).toBeGreaterThan(30);
  expect(
    findings((text, file) =>
      file === HISTORY ? [] : mentions(text).filter((code) => isPath(code) && isMissing(code)),
    ),
  ).toEqual([]);
});

test('every source file that a page names without its folder exists', () => {
  const files = new Set(
    globSync('{router,subgraphs,test,bin,bench}/**/*.ts', {
      cwd: root,
      exclude: (path) => path.includes('node_modules'),
    }).map((path) => basename(path)),
  );
  const named = (text: string) => mentions(text).filter((code) => /^[\w-]+\.ts$/.test(code));
  expect(findings(named).length).toBeGreaterThan(20);
  const inRecipe = (file: string) => file === 'docs/adding-a-subgraph.md' || file === HISTORY;
  expect(
    findings((text, file) => (inRecipe(file) ? [] : named(text).filter((code) => !files.has(code)))),
  ).toEqual([]);
});

test('docs/http.md lists all protected headers', () => {
  const [, section = ''] = readPage('docs/http.md').split('## Which headers can rules not change?\n');
  const rows = [...section.matchAll(/^\| [\w ]+ \| (`.*) \|$/gm)].slice(0, 3);
  const listed = rows.map(([, cell = '']) =>
    cell
      .split(', ')
      .map((code) => code.slice(1, -1))
      .toSorted(),
  );
  const { everywhere, request, response } = PROTECTED_HEADERS;
  expect(listed).toEqual(
    [everywhere, request, response].map(({ names, prefixes }) =>
      [...names, ...prefixes.map((prefix) => `${prefix}*`)].toSorted(),
    ),
  );
});

test('every configuration key that a page names exists', () => {
  const keys = new Set(
    [...configTable(configJsonSchema()).matchAll(/^\| `([^`]+)`/gm)].map(([, key = '']) => key),
  );
  const sections = new Set([...keys].map((key) => key.split('.')[0]));
  const isKey = (code: string) =>
    /^[a-z]+(?:\.[a-zA-Z]+(?:\[\])?)+$/i.test(code) && sections.has(code.split('.')[0]);
  const isFile = (code: string) => /\.(?:ts|md|ya?ml|json|sh|graphql)$/.test(code);
  // The first column of these tables has the keys of other routers.
  const own = (text: string) =>
    text.startsWith('# Moving to Tributary') ? text.replaceAll(/^\|[^|]*\|/gm, '|') : text;
  const named = (text: string) => mentions(own(text)).filter((code) => isKey(code) && !isFile(code));
  expect(findings(named).length).toBeGreaterThan(50);
  const isUnknown = (code: string) => !keys.has(code) && ![...keys].some((key) => key.startsWith(`${code}.`));
  expect(findings((text, file) => (file === HISTORY ? [] : named(text).filter(isUnknown)))).toEqual([]);
});

test('every excerpt of router.yaml is a valid configuration', () => {
  const sections = new Set(
    Object.keys(z.object({ properties: z.looseObject({}) }).parse(configJsonSchema()).properties),
  );
  const folder = mkdtempSync(join(tmpdir(), 'tributary-excerpt-'));
  const publicKey = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' });
  const isExcerpt = (yaml: string) => {
    const content: unknown = parse(yaml);
    return (
      typeof content === 'object' &&
      content !== null &&
      Object.keys(content).every((key) => sections.has(key))
    );
  };
  const problems = (yaml: string) => {
    try {
      // Certificates and secrets are files that the reader has.
      const text = yaml
        .replaceAll(/\$\{file\.[^}]+\.pub\.pem\}/g, JSON.stringify(publicKey))
        .replaceAll(/\$\{file\.[^}]+registry-key\}/g, 'trib_1_secret_AAAAAAAAAAAAAAAA')
        .replaceAll(/\$\{file\.[^}]+\}/g, 'x'.repeat(32));
      parseConfig(text, { env: {}, fileName: 'router.yaml', directory: folder });
      return [];
    } catch (error) {
      return [`${String(error)}\n${yaml}`];
    }
  };
  try {
    const excerpts = (text: string) => codeBlocks(text, 'yaml').filter(isExcerpt);
    expect(findings(excerpts).length).toBeGreaterThan(10);
    expect(findings((text) => excerpts(text).flatMap(problems))).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('every JSON example is JSON', () => {
  const isJson = (text: string) => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };
  // An example is one value, or a log line on each line.
  const isValid = (block: string) => isJson(block) || block.trim().split('\n').every(isJson);
  const examples = (text: string) => codeBlocks(text, 'json');
  expect(findings(examples).length).toBeGreaterThan(8);
  expect(findings((text) => examples(text).filter((block) => !isValid(block)))).toEqual([]);
});

test('every metric that a page names is exported by the router or the registry', () => {
  const sources = globSync('router/**/*.ts', { cwd: root }).map((file) =>
    readFileSync(join(root, file), 'utf8'),
  );
  const exported = new Set([
    ...sources.flatMap((source) => source.match(/'(?:tributary|http)_\w+'/g) ?? []),
    ...Object.keys(REGISTRY_METRICS).map((name) => `'${name}'`),
  ]);
  const isUnknown = (name: string) => !exported.has(`'${name.replace(/_(?:bucket|sum|count)$/, '')}'`);
  const named = (text: string) => text.match(/\b(?:tributary|http_(?:server|client))_\w+(?=[{`)\s[])/g) ?? [];
  expect(findings(named).length).toBeGreaterThan(15);
  expect(findings((text) => named(text).filter(isUnknown))).toEqual([]);
});

test('commands of shells start programs that a test runs or that are checked here', () => {
  const services = Object.keys(
    z.object({ services: z.looseObject({}) }).parse(parse(readPage('docker-compose.yml'), { merge: true }))
      .services,
  );
  const isChecked = (block: string) => {
    if (/\bcurl\b/.test(block)) return true; // Run by test/graph/commands-start.test.ts.
    // Run by test/graph/deploy-load-balancer.test.ts and test/unit/supergraph-sources.test.ts.
    if (block.startsWith('openssl ')) return true;
    // Checked by test/graph/commands-usage.test.ts.
    if (/^(?:eval "\$\(|npx --package @tributary-graphql\/router )?tributary /.test(block)) return true;
    if (/^(?:helm|kubectl) /.test(block)) return true; // Checked by test/graph/deploy-chart.test.ts.
    return block.split(/\n|&&/).every((line) => {
      const words = line.replace(/#.*/, '').trim().split(/\s+/);
      const [program = '', ...args] = words.slice(words.findIndex((word) => !/^[A-Z_]+=/.test(word)));
      if (program === '' || program === 'npm' || program === 'tributary') return true;
      if (program === 'export') return args.every((arg) => /^TRIBUTARY_[A-Z_]+=/.test(arg));
      if (program === 'npx') return args[0] === 'tributary';
      if (program === 'cp') return existsSync(join(root, args[0] ?? ''));
      if (program === 'node')
        return args.some((arg) => /\.m?[jt]s$/.test(arg) && existsSync(join(root, arg)));
      const dockerfile = args[args.indexOf('--file') + 1] ?? '';
      if (program === 'docker' && args[0] === 'build') return existsSync(join(root, dockerfile));
      if (program === 'docker' && args[0] === 'run') return args.includes('tributary');
      if (program !== 'docker' || args[0] !== 'compose') return false;
      const [, action = '', service] = args.filter((arg) => !arg.startsWith('-'));
      return ['up', 'exec'].includes(action) && (service === undefined || services.includes(service));
    });
  };
  const shells = (text: string) => codeBlocks(text, 'sh');
  expect(findings((text) => shells(text).filter((block) => !isChecked(block)))).toEqual([]);
});

test('prose has at most 120 columns, and the README 150 lines', () => {
  const isTooLong = (line: string) => line.length > MAX_COLUMNS && !/^\s*(?:\||\S+$)/.test(line);
  const isOwnLayout = (file: string) => file.startsWith('bench/');
  expect(
    findings((text, file) => (isOwnLayout(file) ? [] : prose(text).split('\n').filter(isTooLong))),
  ).toEqual([]);
  const readme = readPage('README.md').split('\n');
  expect(readme.length).toBeLessThanOrEqual(150);
  expect(readme.filter((line) => line.length > MAX_COLUMNS)).toEqual([]);
});

test('every decision has a head, the same headings, and a row in the index', () => {
  const decisions = pages.filter(({ file }) => /^docs\/decisions\/\d{3}-/.test(file));
  expect(decisions.length).toBeGreaterThanOrEqual(15);
  const index = readPage('docs/decisions/README.md');
  for (const { file, text } of decisions) {
    const [, title, status] =
      /^# (\d{3}: .+)\n\nStatus: (accepted|superseded by \[\d{3}\]\(\S+\)) · Date: \d{4}-\d\d-\d\d/.exec(
        text,
      ) ?? [];
    expect([file, index.includes(`| [${title}](${basename(file)}) | ${status} |`)]).toEqual([file, true]);
    const headings = [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    expect([file, headings]).toEqual([file, ['Context', 'Decision', 'Consequences', 'Alternatives']]);
  }
});

test('every workaround of the planner has the test that its page names', () => {
  const tests = readPage('test/unit/planning-faults.test.ts');
  const titles = [...readPage('router/planning/README.md').matchAll(/ "([^"|]+)" \|$/gm)].map(
    ([, title]) => title,
  );
  expect(titles.length).toBeGreaterThan(10);
  expect(titles.filter((title) => !tests.includes(`describe('${title}'`))).toEqual([]);
});

test('the example of a test is an excerpt of the test that its page names', () => {
  const page = readPage('test/README.md');
  const [, file = ''] = /^This is \[[^\]]+\]\((\S+\.test\.ts)\)/m.exec(page) ?? [];
  const lines = readPage(`test/${file}`).split('\n');
  const [example = '', ...others] = codeBlocks(page, 'ts');
  expect(others).toEqual([]);
  let from = 0;
  const absent = example
    .trimEnd()
    .split('\n')
    .filter((line) => {
      const index = lines.indexOf(line, from);
      if (index >= 0) from = index + 1;
      return index < 0;
    });
  expect(absent).toEqual([]);
  expect(example).toMatch(/\bexpect\(/);
});

test('the page on tests has a row for each folder of tests and of helpers', () => {
  const folders = globSync('{test,test/support}/*/', { cwd: root }).map(
    (path) => `${path.replace(/\/$/, '')}/`,
  );
  const page = readPage('test/README.md');
  expect(folders.length).toBeGreaterThan(15);
  expect(folders.filter((folder) => !page.includes(`| \`${folder}\` |`))).toEqual([]);
});

test('every helper that the page on tests names is exported by the file in its row', () => {
  const rows = [...readPage('test/README.md').matchAll(/^\|.*\| `(\w+)` in `([\w-]+\.ts)` \|/gm)];
  expect(rows.length).toBeGreaterThan(10);
  const isExported = (name: string, file: string) =>
    globSync(`test/support/*/${file}`, { cwd: root }).some((path) =>
      new RegExp(`^export (?:async )?(?:function|class|const) ${name}\\b`, 'm').test(readPage(path)),
    );
  expect(rows.filter(([, name = '', file = '']) => !isExported(name, file)).map(([row]) => row)).toEqual([]);
});

test('code of the documentation is formatted as `npm run check` requires', () => {
  const blocks = pages.flatMap(({ text }) => codeBlocks(text, 'ts'));
  expect(blocks.length).toBeGreaterThanOrEqual(5);
  const folder = mkdtempSync(join(tmpdir(), 'tributary-documentation-'));
  try {
    for (const [index, code] of blocks.entries()) writeFileSync(join(folder, `block-${index + 1}.ts`), code);
    const oxfmt = join(root, 'node_modules', 'oxfmt', 'bin', 'oxfmt');
    const config = ['--config', join(root, '.oxfmtrc.json')];
    const { status, stdout } = spawnSync(process.execPath, [oxfmt, '--check', ...config, folder], {
      encoding: 'utf8',
    });
    expect([stdout.match(/block-\d+\.ts/g), status]).toEqual([null, 0]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
