import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { assertFile } from '../../../router/config/config.ts';
import { withoutByteOrderMark } from '../../../router/shared/utf8.ts';
import { MisuseError } from '../../command-spec.ts';
import type { Outcome } from '../../outcome.ts';
import { CHECK_SETTINGS_OPTIONS, givenCheckSettings } from '../../registry/check-settings.ts';
import { existing } from '../../registry/existing.ts';
import { openRegistry } from '../../registry/open-registry.ts';
import type { OpenRegistry } from '../../registry/open-registry.ts';
import { REGISTRY_OPTIONS } from '../../registry/registry-options.ts';
import { defineVerb } from '../../verb.ts';

const FIELDS = 'settings { publish rollout checks }';
const READ = `query ($ref: ID!) { variant(ref: $ref) { ${FIELDS} } }`;
const CHANGE = `mutation ($ref: ID!, $settings: VariantSettingsInput!) {
  variant: configureVariant(ref: $ref, settings: $settings) { ${FIELDS} }
}`;

const settingsSchema = z.object({
  publish: z.enum(['CHECKED', 'UNCHECKED']),
  rollout: z.record(z.string(), z.unknown()),
  checks: z.record(z.string(), z.unknown()),
});

const schema = z.object({ variant: z.object({ settings: settingsSchema }).nullable() });

export const graphSettings = defineVerb(
  {
    name: 'graph settings',
    summary: 'Shows the settings of a variant, and changes those that are given: checks, publishes, rollout.',
    positionals: { name: '[GRAPH@VARIANT]', max: 1, description: 'The variant, instead of --graph.' },
    examples: [
      'tributary graph settings shop@production',
      'tributary graph settings shop@production --since-days 14 --ignore-below-calls 10 --exclude-client load-test',
      'tributary graph settings shop@production --rollout rollout.json',
    ],
    options: {
      publish: {
        type: 'string',
        value: 'POLICY',
        choices: ['checked', 'unchecked'],
        description: 'Whether a publish that breaks recorded operations is rejected.',
      },
      ...CHECK_SETTINGS_OPTIONS,
      lint: {
        type: 'string',
        value: 'FILE',
        description: 'JSON file with the settings of lint in checks: rules and ignored coordinates.',
      },
      rollout: {
        type: 'string',
        value: 'FILE',
        description: 'JSON file with the settings of the rollout: how launches reach callers.',
      },
      ...REGISTRY_OPTIONS,
    },
  },
  async ({ values, positionals: [graph = values.graph] }): Promise<Outcome> => {
    const checks = {
      ...givenCheckSettings(values),
      ...(values.lint !== undefined && { lint: readJson('lint', values.lint) }),
    };
    const given = {
      ...(values.publish !== undefined && { publish: values.publish.toUpperCase() }),
      ...(values.rollout !== undefined && { rollout: readJson('rollout', values.rollout) }),
    };
    const registry = await openRegistry({ ...values, graph });
    const current = await readSettings(registry);
    const changed =
      Object.keys(checks).length > 0 ? { ...given, checks: { ...current.checks, ...checks } } : given;
    const settings = Object.keys(changed).length > 0 ? await changeSettings(registry, changed) : current;
    return { kind: 'success', plain: `${JSON.stringify(settings, undefined, 2)}\n`, data: { settings } };
  },
);

async function readSettings({ client, ref }: OpenRegistry) {
  return existing((await client.request(READ, { ref }, schema)).variant, ref).settings;
}

async function changeSettings({ client, ref }: OpenRegistry, settings: Readonly<Record<string, unknown>>) {
  return existing((await client.request(CHANGE, { ref, settings }, schema)).variant, ref).settings;
}

function readJson(option: string, file: string): unknown {
  assertFile(file, `--${option}: `);
  try {
    return JSON.parse(withoutByteOrderMark(readFileSync(file, 'utf8')));
  } catch {
    throw new MisuseError(`--${option}: ${file} is no JSON`);
  }
}
