import { mkdirSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MisuseError } from '../cli/command-spec.ts';
import { readCommandLine } from '../cli/single-command.ts';
import { runProgram } from '../test/support/processes/run-program.ts';
import { findDeployTools, MISSING } from '../test/support/servers/deploy-tools.ts';
import { buildArtifacts } from './release/artifacts.ts';
import { lastRelease, namesProblems, publicNamesOf } from './release/public-names.ts';
import { checkVersions } from './release/versions.ts';

const root = join(import.meta.dirname, '..');

const COMMAND = {
  name: 'npm run release',
  summary:
    'Checks that the versions agree and that the new one suits the changes, builds everything that is published, and creates the tag of git.',
  options: {
    'dry-run': {
      type: 'boolean',
      description: 'Create no tag. The changelog needs no date, and changes need not be committed.',
    },
    output: {
      type: 'string',
      short: 'o',
      value: 'FOLDER',
      default: 'release',
      description: 'Empty folder for the files.',
    },
  },
} as const;

const { isDry, folder } = readCommandLine(COMMAND, ({ values }) => ({
  isDry: values['dry-run'],
  folder: emptyFolder(values.output),
}));
const { helm } = findDeployTools();
const { version, problems } = await checkRelease();
if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exitCode = 1;
} else {
  const files = await buildArtifacts({ root, folder, version, helm });
  if (helm === undefined) console.error(`No chart was packaged. Helm: ${MISSING.helm}`);
  if (!isDry) await git('tag', '--annotate', `v${version}`, '--message', `Tributary ${version}`);
  console.log([...files.map((file) => join(folder, file)), ...nextSteps()].join('\n'));
}

async function checkRelease() {
  const checked = checkVersions(root, { isDry });
  const previous = await lastRelease(root);
  const names = previous === undefined ? [] : namesProblems(previous, checked.version, publicNamesOf(root));
  const strict = isDry ? [] : await strictProblems(checked.version);
  return { version: checked.version, problems: [...checked.problems, ...names, ...strict] };
}

/** Problems that only a release has: everything must be committed, complete and new. */
async function strictProblems(version: string): Promise<readonly string[]> {
  const changed = (await git('status', '--porcelain', '--untracked-files=no')) !== '';
  const exists = (await git('tag', '--list', `v${version}`)) !== '';
  return [
    ...(changed ? ['there are changes that are not committed'] : []),
    ...(exists ? [`the tag v${version} exists: choose a new version`] : []),
    ...(helm === undefined ? [`Helm: ${MISSING.helm}`] : []),
  ];
}

function nextSteps(): readonly string[] {
  return isDry ? [] : ['', `Created the tag v${version}. docs/releasing.md says how to publish the files.`];
}

function emptyFolder(name: string): string {
  const path = resolve(name);
  mkdirSync(path, { recursive: true });
  if (readdirSync(path).length > 0) throw new MisuseError(`--output: ${path} is not empty`);
  return path;
}

function git(...args: readonly string[]): Promise<string> {
  return runProgram('git', args, { cwd: root });
}
