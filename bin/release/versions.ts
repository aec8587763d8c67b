import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

const withVersion = z.object({ version: z.string() });
const lockFile = withVersion.extend({ packages: z.object({ '': withVersion, subgraphs: withVersion }) });
const chart = withVersion.extend({ appVersion: z.string() });

/** The head of the changelog: a version, and its date once it is released. */
export type Head = { readonly version: string; readonly date: string | undefined };

/** A place that names the version. */
type Named = { readonly place: string; readonly version: string };

/**
 * Returns the version of the package and what is wrong with the other places that name it, one line each. A
 * release needs a date in the changelog.
 */
export function checkVersions(root: string, { isDry }: { readonly isDry: boolean }) {
  const read = (file: string) => readFileSync(join(root, file), 'utf8');
  const { version } = withVersion.parse(JSON.parse(read('package.json')));
  const head = changelogHead(read('CHANGELOG.md'));
  const problems = [...placesOf(read), { place: 'CHANGELOG.md', version: head.version }]
    .filter((named) => named.version !== version)
    .map((named) => `${named.place} has the version ${named.version}, and package.json has ${version}`);
  const undated = `CHANGELOG.md has no date for ${version}: write "## ${version} (YYYY-MM-DD)"`;
  return { version, problems: head.date === undefined && !isDry ? [...problems, undated] : problems };
}

/** Reads `## 1.2.3 (2026-11-27)`, or `## Unreleased (1.2.3)` before the release. */
export function changelogHead(changelog: string): Head {
  const title = /^## (.*)$/m.exec(changelog)?.[1] ?? '';
  const [, version, date] = /^(\d\S*) \((\d{4}-\d\d-\d\d)\)$/.exec(title) ?? [];
  const [, planned = `of no known form: "${title}"`] = /^Unreleased \((\S+)\)$/.exec(title) ?? [];
  return version === undefined ? { version: planned, date: undefined } : { version, date };
}

function placesOf(read: (file: string) => string): readonly Named[] {
  const lock = lockFile.parse(JSON.parse(read('package-lock.json')));
  const { version, appVersion } = chart.parse(parse(read('deploy/helm/tributary/Chart.yaml')));
  const [, tag = 'none'] =
    /^\s+image: "tributary:([^"]+)"$/m.exec(read('deploy/kubernetes/deployment.yaml')) ?? [];
  return [
    { place: 'package-lock.json', version: lock.version },
    { place: 'package-lock.json (packages)', version: lock.packages[''].version },
    {
      place: 'subgraphs/package.json',
      version: withVersion.parse(JSON.parse(read('subgraphs/package.json'))).version,
    },
    { place: 'package-lock.json (subgraphs)', version: lock.packages.subgraphs.version },
    { place: 'Chart.yaml', version },
    { place: 'Chart.yaml (appVersion)', version: appVersion },
    { place: 'the image in deploy/kubernetes/deployment.yaml', version: tag },
  ];
}
