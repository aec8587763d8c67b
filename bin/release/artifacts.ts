import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { runProgram } from '../../test/support/processes/run-program.ts';

export type ArtifactOptions = {
  readonly root: string;
  /** Empty folder that receives the files. */
  readonly folder: string;
  readonly version: string;
  /** Path of Helm; without it there is no chart. */
  readonly helm: string | undefined;
};

/** Builds the package, the context of the images, the chart, the bill of materials and their checksums. */
export async function buildArtifacts({
  root,
  folder,
  version,
  helm,
}: ArtifactOptions): Promise<readonly string[]> {
  const run = (file: string, ...args: readonly string[]) => runProgram(file, args, { cwd: root });
  await run('npm', 'pack', '--workspaces=false', '--silent', '--pack-destination', folder);
  writeFileSync(join(folder, 'sbom.cdx.json'), await billOfMaterials(root));
  const context = await contextFiles(root);
  const dockerfiles = ['deploy/Dockerfile', 'deploy/shop/Dockerfile', '.dockerignore'];
  await run(
    'tar',
    '--create',
    '--gzip',
    '--file',
    join(folder, `tributary-images-${version}.tar.gz`),
    ...context,
    ...dockerfiles,
  );
  if (helm !== undefined)
    await run(helm, 'package', join('deploy', 'helm', 'tributary'), '--destination', folder);
  return writeChecksums(folder);
}

const bomSchema = z.looseObject({ metadata: z.looseObject({ component: z.looseObject({}) }) });

/** Lists the packages that an installation without development packages has, in the format CycloneDX. */
async function billOfMaterials(root: string): Promise<string> {
  const selection = ['--omit=dev', '--omit=optional', '--workspaces=false'];
  const args = ['sbom', '--package-lock-only', ...selection, '--sbom-format', 'cyclonedx'];
  const bom = bomSchema.parse(JSON.parse(await runProgram('npm', args, { cwd: root })));
  // npm writes the name of the folder.
  const { name } = z
    .object({ name: z.string() })
    .parse(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')));
  bom.metadata.component['name'] = name;
  return `${JSON.stringify(bom, undefined, 2)}\n`;
}

/** Returns the committed files that `.dockerignore` admits to the context of the images. */
async function contextFiles(root: string): Promise<readonly string[]> {
  const admitted = readFileSync(join(root, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  const files = await runProgram('git', ['ls-files', '-z', '--', ...admitted], { cwd: root });
  return files.split('\0').filter((file) => file !== '' && existsSync(join(root, file)));
}

function writeChecksums(folder: string): readonly string[] {
  const names = globSync('*', { cwd: folder }).sort();
  const lines = names.map((name) => `${sha256(join(folder, name))}  ${name}\n`);
  writeFileSync(join(folder, 'SHA256SUMS'), lines.join(''));
  return [...names, 'SHA256SUMS'];
}

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}
