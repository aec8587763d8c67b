import { LAUNCH_ARGUMENT, launchNumber } from '../../registry/launch-fields.ts';
import { openRegistry } from '../../registry/open-registry.ts';
import { REGISTRY_OPTIONS } from '../../registry/registry-options.ts';
import { changeRelease } from '../../registry/release-result.ts';
import { defineVerb } from '../../verb.ts';

export const launchPromote = defineVerb(
  {
    name: 'launch promote',
    summary: 'Serves a launch to all callers.',
    positionals: { ...LAUNCH_ARGUMENT, description: 'Number of the launch. Default: the one in canary.' },
    examples: ['tributary launch promote --graph shop@production', 'tributary launch promote 12'],
    options: REGISTRY_OPTIONS,
  },
  async ({ values, positionals }) => {
    const variables = { launch: optionalLaunch(positionals) };
    return changeRelease(await openRegistry(values), {
      mutation: 'promote',
      types: { launch: 'Int' },
      variables,
    });
  },
);

export const launchPause = defineVerb(
  {
    name: 'launch pause',
    summary: "Keeps the canary's share of callers as it is until it is resumed.",
    examples: ['tributary launch pause --graph shop@production'],
    options: REGISTRY_OPTIONS,
  },
  async ({ values }) => changeRelease(await openRegistry(values), { mutation: 'pause' }),
);

export const launchResume = defineVerb(
  {
    name: 'launch resume',
    summary: 'Resumes a canary that was paused.',
    examples: ['tributary launch resume --graph shop@production'],
    options: REGISTRY_OPTIONS,
  },
  async ({ values }) => changeRelease(await openRegistry(values), { mutation: 'resume' }),
);

export const launchRollback = defineVerb(
  {
    name: 'launch rollback',
    summary: 'Ends a canary; without one, serves an earlier launch again. Nothing is composed.',
    positionals: {
      ...LAUNCH_ARGUMENT,
      description: 'Number of the launch to serve. Default: the one that was served before.',
    },
    examples: [
      'tributary launch rollback --graph shop@production --reason "prices are wrong"',
      'tributary launch rollback 11',
    ],
    options: {
      reason: { type: 'string', value: 'TEXT', description: 'Why; shown by `launch show` and in the audit.' },
      ...REGISTRY_OPTIONS,
    },
  },
  async ({ values, positionals }) => {
    const variables = { launch: optionalLaunch(positionals), reason: values.reason };
    return changeRelease(await openRegistry(values), {
      mutation: 'rollback',
      types: { launch: 'Int', reason: 'String' },
      variables,
    });
  },
);

function optionalLaunch([text]: readonly string[]): number | undefined {
  return text === undefined ? undefined : launchNumber(text);
}
