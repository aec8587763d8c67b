import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { namesProblems } from '../../bin/release/public-names.ts';
import { changelogHead, checkVersions } from '../../bin/release/versions.ts';
import { findDeployTools } from '../support/servers/deploy-tools.ts';

const root = join(import.meta.dirname, '..', '..');
const { helm } = findDeployTools();
const folder = mkdtempSync(join(tmpdir(), 'tributary-release-'));
const copy = join(folder, 'repository');
const output = join(folder, 'release');
const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const IDENTITY = {
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@b',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@b',
};

function git(...args: readonly string[]): string {
  return execFileSync('git', args, { cwd: copy, encoding: 'utf8', env: { ...process.env, ...IDENTITY } });
}

function release(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(copy, 'bin', 'release.ts'), '--output', output, ...args],
    {
      cwd: copy,
      encoding: 'utf8',
      env: { ...process.env, ...IDENTITY },
    },
  );
  return { status, stdout, problems: stderr.trim().split('\n') };
}

function edit(file: string, from: string | RegExp, to: string): void {
  const text = readFileSync(join(copy, file), 'utf8');
  const changed = text.replace(from, to);
  expect(changed).not.toBe(text);
  writeFileSync(join(copy, file), changed);
}

beforeAll(() => {
  const files = execFileSync(
    'git',
    ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'],
    { cwd: root, encoding: 'utf8' },
  );
  for (const file of files.split('\0').filter(Boolean)) {
    mkdirSync(join(copy, dirname(file)), { recursive: true });
    cpSync(join(root, file), join(copy, file), { force: true });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  git('init', '--quiet');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'all');
}, 60_000);

describe('versions', () => {
  it('agree in every place that names them', () => {
    expect(checkVersions(root, { isDry: true })).toEqual({ version, problems: [] });
  });

  it.each([
    ['package-lock.json', `"version": "${version}"`, 'package-lock.json'],
    ['subgraphs/package.json', `"version": "${version}"`, 'subgraphs/package.json'],
    ['deploy/helm/tributary/Chart.yaml', `\nversion: ${version}`, 'Chart.yaml'],
    ['deploy/helm/tributary/Chart.yaml', `appVersion: '${version}'`, 'Chart.yaml (appVersion)'],
    [
      'deploy/kubernetes/deployment.yaml',
      `tributary:${version}"`,
      'the image in deploy/kubernetes/deployment.yaml',
    ],
    ['CHANGELOG.md', /^## .*$/m, 'CHANGELOG.md'],
  ])('are compared: %s', (file, text, place) => {
    const path = join(copy, file);
    const before = readFileSync(path, 'utf8');
    edit(file, text, typeof text === 'string' ? text.replace(version, '9.9.9') : '## Unreleased (9.9.9)');
    expect(checkVersions(copy, { isDry: true }).problems).toEqual([
      `${place} has the version 9.9.9, and package.json has ${version}`,
    ]);
    writeFileSync(path, before);
  });

  it('stand at the head of the changelog, with a date once they are released', () => {
    expect(changelogHead('# Changelog\n\n## 1.2.3 (2026-11-27)\n\n## 1.2.2 (2026-11-01)')).toEqual({
      version: '1.2.3',
      date: '2026-11-27',
    });
    expect(changelogHead('## Unreleased (1.2.3)')).toEqual({ version: '1.2.3', date: undefined });
    expect(changelogHead('## Soon').version).toBe('of no known form: "Soon"');
  });

  it.each([
    ['1.4.2', '1.5.0', '2.0.0'],
    ['0.4.2', '0.4.3', '0.5.0'],
  ])('after %s need more than %s when a name is gone', (from, to, needed) => {
    const before = {
      version: from,
      names: { metric: new Set(['a_total', 'b_total']), 'error code': new Set(['GONE']) },
    };
    const after = { metric: new Set(['a_total', 'c_total']), 'error code': new Set<string>() };
    expect(namesProblems(before, to, after)).toEqual(
      ['metric b_total', 'error code GONE'].map(
        (name) => `the ${name} of ${from} is gone: the version must be ${needed} or higher`,
      ),
    );
    expect(namesProblems(before, needed, after)).toEqual([]);
    expect(namesProblems(before, to, before.names)).toEqual([]);
  });
});

describe.skipIf(helm === undefined)('npm run release', () => {
  it('builds what is published, and rejects a release that is undated, uncommitted or breaking', () => {
    edit('README.md', /$/, '\n');
    expect(release()).toEqual({
      status: 1,
      stdout: '',
      problems: [
        `CHANGELOG.md has no date for ${version}: write "## ${version} (YYYY-MM-DD)"`,
        'there are changes that are not committed',
      ],
    });

    edit('CHANGELOG.md', /^## .*$/m, `## ${version} (2026-11-27)`);
    git('commit', '--quiet', '--all', '--message', 'release');
    const released = release();
    expect(released).toMatchObject({ status: 0, problems: [''] });
    const names = [
      'sbom.cdx.json',
      `tributary-${version}.tgz`,
      `tributary-graphql-router-${version}.tgz`,
      `tributary-images-${version}.tar.gz`,
    ];
    expect(readdirSync(output).sort()).toEqual(['SHA256SUMS', ...names].sort());
    const sums = names.map(
      (name) =>
        `${createHash('sha256')
          .update(readFileSync(join(output, name)))
          .digest('hex')}  ${name}\n`,
    );
    expect(readFileSync(join(output, 'SHA256SUMS'), 'utf8')).toBe(sums.join(''));
    expect(git('tag')).toBe(`v${version}\n`);

    const bom = z.object({
      bomFormat: z.literal('CycloneDX'),
      metadata: z.object({
        component: z.object({ name: z.literal('@tributary-graphql/router'), version: z.literal(version) }),
      }),
      components: z.array(z.object({ name: z.string() })),
    });
    const components = bom
      .parse(JSON.parse(readFileSync(join(output, 'sbom.cdx.json'), 'utf8')))
      .components.map(({ name }) => name);
    expect(components).toContain('undici');
    expect(components).not.toContain('vitest');
    expect(components).not.toContain('dataloader');
    const context = execFileSync('tar', ['--list', '--file', join(output, names[3] ?? '')], {
      encoding: 'utf8',
    }).split('\n');
    expect(context).toEqual(
      expect.arrayContaining([
        'deploy/Dockerfile',
        'deploy/shop/Dockerfile',
        'package-lock.json',
        'cli/main.ts',
        'subgraphs/order/server.ts',
      ]),
    );
    expect(context.some((file) => file.startsWith('test/'))).toBe(false);

    expect(release()).toMatchObject({ status: 2 });
    rmSync(output, { recursive: true });
    edit('docs/configuration.md', /^\| `workers` .*\n/m, '');
    const { status, problems } = release('--dry-run');
    expect(status).toBe(1);
    expect(problems).toEqual([
      expect.stringContaining(`the configuration key workers of ${version} is gone`),
    ]);
    expect(release()).toMatchObject({
      status: 1,
      problems: expect.arrayContaining([`the tag v${version} exists: choose a new version`]),
    });
  }, 180_000);
});
