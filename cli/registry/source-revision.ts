import { spawnSync } from 'node:child_process';

/** Author and commit of a schema. */
export type SourceRevision = {
  readonly author: string | undefined;
  readonly commit: string | undefined;
};

/** Variables of hosted CI: GitHub, GitLab, Bitbucket, CircleCI, Buildkite, Azure, Travis, Jenkins. */
const COMMITS = [
  'GITHUB_SHA',
  'CI_COMMIT_SHA',
  'BITBUCKET_COMMIT',
  'CIRCLE_SHA1',
  'BUILDKITE_COMMIT',
  'BUILD_SOURCEVERSION',
  'TRAVIS_COMMIT',
  'GIT_COMMIT',
];
const AUTHORS = [
  'GITHUB_ACTOR',
  'GITLAB_USER_LOGIN',
  'CI_COMMIT_AUTHOR',
  'CIRCLE_USERNAME',
  'BUILDKITE_BUILD_AUTHOR',
  'BUILD_REQUESTEDFOR',
  'GIT_AUTHOR_NAME',
];

const GIT_TIMEOUT_MS = 5000;

/** Returns author and commit as given, else as hosted CI names them, else those of the checked-out commit. */
export function sourceRevision(given: SourceRevision, env = process.env): SourceRevision {
  const author = given.author ?? firstOf(AUTHORS, env);
  const commit = given.commit ?? firstOf(COMMITS, env);
  if (author !== undefined && commit !== undefined) return { author, commit };
  const [checkedOut, committer] = lastCommit();
  return { author: author ?? committer, commit: commit ?? checkedOut };
}

function firstOf(names: readonly string[], env: NodeJS.ProcessEnv): string | undefined {
  return names.map((name) => env[name]).find((value) => value !== undefined && value !== '');
}

/** Returns nothing outside a repository, and without git. */
function lastCommit(): readonly string[] {
  const { status, stdout } = spawnSync('git', ['log', '-1', '--format=%H%n%an <%ae>'], {
    encoding: 'utf8',
    timeout: GIT_TIMEOUT_MS,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return status === 0 ? stdout.trim().split('\n') : [];
}
