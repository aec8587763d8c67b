import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { assertFile } from '../../router/config/config.ts';
import { assertNotInput, writeResult } from '../command-config.ts';
import { migrateApolloConfig } from '../migrate/migrate-config.ts';
import type { Migration, Remark } from '../migrate/migrate-config.ts';
import { FORMAT_OPTION } from '../outcome.ts';
import { defineVerb } from '../verb.ts';

export const migrate = defineVerb(
  {
    name: 'migrate',
    summary:
      'Translates a configuration of Apollo Router to router.yaml. What has no counterpart is listed on stderr, with its line.',
    positionals: { name: 'FILE', max: 1, description: 'The router.yaml of Apollo Router, version 1 or 2.' },
    examples: ['tributary migrate apollo-router.yaml --output router.yaml'],
    options: {
      output: {
        type: 'string',
        short: 'o',
        value: 'FILE',
        description: 'Write the configuration to FILE instead of stdout.',
      },
      format: FORMAT_OPTION,
    },
  },
  async ({ values, positionals: [file = ''] }) => {
    assertFile(file);
    assertNotInput(values.output, [file]);
    const migration = migrateApolloConfig(readFileSync(file, 'utf8'), basename(file));
    const { configuration, notTranslated, notes } = migration;
    if (values.output !== undefined) writeResult(values.output, configuration);
    return {
      kind: 'success',
      plain: values.output === undefined ? configuration : '',
      data: { configuration, not_translated: notTranslated, notes },
      notes: report(file, migration, values.output),
    };
  },
);

function report(
  file: string,
  { notTranslated, notes }: Migration,
  output: string | undefined,
): readonly string[] {
  const line = (kind: string) => (remark: Remark) =>
    `${file}:${remark.line}: ${remark.key}: ${kind}: ${remark.text}`;
  const summary = `${notTranslated.length} not translated, ${notes.length} to check`;
  return [
    ...notTranslated.map(line('not translated')),
    ...notes.map(line('check')),
    output === undefined ? summary : `configuration written to ${output}: ${summary}`,
  ];
}
