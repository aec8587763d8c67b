import { describe, expect, test } from 'vitest';
import { sourceRevision } from '../../cli/registry/source-revision.ts';

const NOTHING = { author: undefined, commit: undefined };

describe('author and commit of a schema', () => {
  test.each([
    [
      { GITHUB_SHA: 'a1', GITHUB_ACTOR: 'freya' },
      { commit: 'a1', author: 'freya' },
    ],
    [
      { CI_COMMIT_SHA: 'b2', CI_COMMIT_AUTHOR: 'Ann <ann@shop.example>' },
      { commit: 'b2', author: 'Ann <ann@shop.example>' },
    ],
    [
      { BUILDKITE_COMMIT: 'c3', BUILDKITE_BUILD_AUTHOR: 'bo' },
      { commit: 'c3', author: 'bo' },
    ],
  ])('come from hosted CI: %j', (env, revision) => {
    expect(sourceRevision(NOTHING, env)).toEqual(revision);
  });

  test('are those of the options if given, and of the last commit of git otherwise', () => {
    const env = { GITHUB_SHA: 'a1', GITHUB_ACTOR: 'freya' };
    expect(sourceRevision({ author: 'me', commit: undefined }, env)).toEqual({ author: 'me', commit: 'a1' });
    expect(sourceRevision({ author: 'me', commit: undefined }, { GITHUB_SHA: '' })).toEqual({
      author: 'me',
      commit: expect.stringMatching(/^[0-9a-f]{40}$/),
    });
  });
});
