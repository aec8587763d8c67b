import { globSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';

const root = join(import.meta.dirname, '..', '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

const manifest = z
  .object({
    license: z.string(),
    engines: z.object({ node: z.string() }),
    scripts: z.record(z.string(), z.string()),
    optionalDependencies: z.record(z.string(), z.string()),
    devDependencies: z.record(z.string(), z.string()),
  })
  .parse(JSON.parse(read('package.json')));

test('package.json is the one place that names the version of Node', () => {
  const [carried = ''] = Object.values(manifest.optionalDependencies);
  const [major = ''] = carried.split('.');
  expect(new Set(Object.values(manifest.optionalDependencies))).toEqual(new Set([carried]));
  expect(manifest.engines.node).toMatch(/^>=\d+\.\d+\.0$/);
  expect(new Set(read('deploy/Dockerfile').match(/^FROM node:\d+/gm))).toEqual(
    new Set([`FROM node:${major}`]),
  );
  expect(manifest.devDependencies['@types/node']?.split('.')[0]).toBe(major);
  expect(read('.github/workflows/ci.yml')).toContain('node-version-file: package.json');
  expect(readdirSync(root)).not.toContain('.nvmrc');
});

test('the hosted workflow runs the same commands as CI', () => {
  expect(read('.github/workflows/ci.yml')).toContain('- run: .ci/run');
});

test('the image build receives every file that its Dockerfile copies', () => {
  const included = read('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  const copied = [...read('deploy/Dockerfile').matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(
    ([, sources = '']) => sources.split(' '),
  );
  expect(copied.length).toBeGreaterThan(5);
  const isIncluded = (file: string) =>
    included.some((entry) => file === entry || file.startsWith(`${entry}/`));
  expect(copied.filter((file) => !isIncluded(file))).toEqual([]);
});

test('docs/licenses.md names every package under the Elastic License 2.0, and no other', () => {
  const lock = z
    .object({ packages: z.record(z.string(), z.looseObject({ license: z.string().optional() })) })
    .parse(JSON.parse(read('package-lock.json')));
  const elastic = Object.entries(lock.packages)
    .filter(([, { license }]) => license === 'Elastic-2.0')
    .map(([path]) => path.replace('node_modules/', ''));
  const documented = [...read('docs/licenses.md').matchAll(/^\| `(\S+)` \| Elastic License 2\.0 \|/gm)];
  expect(new Set(documented.map(([, name]) => name))).toEqual(new Set(elastic));
  expect(manifest.license).toBe('MIT');
  expect(read('LICENSE')).toMatch(/^MIT License\n\nCopyright \(c\) \d{4} the Tributary authors\n/);
});

test("the shop has the versions of the router, and its dependencies are not the router's", () => {
  const versions = z.object({
    version: z.string(),
    engines: z.object({ node: z.string() }),
    dependencies: z.record(z.string(), z.string()),
    devDependencies: z.record(z.string(), z.string()).default({}),
  });
  const router = versions.parse(JSON.parse(read('package.json')));
  const shop = versions.parse(JSON.parse(read('subgraphs/package.json')));
  expect([shop.version, shop.engines]).toEqual([router.version, router.engines]);
  const known = { ...router.devDependencies, ...router.dependencies };
  for (const [name, version] of Object.entries(shop.dependencies))
    expect([name, known[name] ?? version]).toEqual([name, version]);
  for (const name of ['@electric-sql/pglite', 'dataloader', '@apollo/subgraph'])
    expect(router.dependencies).not.toHaveProperty(name);
});

test('no module of the package names another one with its ending, which differs in the emitted JavaScript', () => {
  const files = globSync('{router,cli,checks,registry,database}/**/*.ts', { cwd: root });
  const named = files.filter((file) => /new (?:URL|Worker)\(\s*['"`][^'"`]*\.ts['"`]/.test(read(file)));
  expect(files.length).toBeGreaterThan(100);
  expect(named).toEqual([]);
});
