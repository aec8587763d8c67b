import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { ReportContext } from '../../checks/render-report.ts';
import { MisuseError } from '../../command-spec.ts';
import { CommandError } from '../../outcome.ts';
import type { Outcome } from '../../outcome.ts';
import { CHECK_FIELDS, checkOutcome, checkReference, checkSchema } from '../../registry/check-result.ts';
import type { RegistryCheck } from '../../registry/check-result.ts';
import { CHECK_SETTINGS_OPTIONS, givenCheckSettings } from '../../registry/check-settings.ts';
import { openRegistry } from '../../registry/open-registry.ts';
import { createRegistryClient } from '../../registry/registry-client.ts';
import type { RegistryClient } from '../../registry/registry-client.ts';
import { REGISTRY_OPTIONS, connectionOf } from '../../registry/registry-options.ts';
import type { RegistryValues } from '../../registry/registry-options.ts';
import { SCHEMA_OPTION, readSchema } from '../../registry/schema-file.ts';
import { NAME_OPTION, SUBGRAPH_ARGUMENT, subgraphTarget } from '../../registry/subgraph-name.ts';
import { defineVerb } from '../../verb.ts';

const START = `mutation ($ref: ID!, $input: CheckInput!) {
  checkSubgraph(ref: $ref, input: $input) { ${CHECK_FIELDS} }
}`;

const POLL = `query ($id: ID!) { check(id: $id) { ${CHECK_FIELDS} } }`;

const POLL_INTERVALS_MS = [100, 200, 500, 1000] as const;

export const subgraphCheck = defineVerb(
  {
    name: 'subgraph check',
    summary:
      'Checks a subgraph schema before it is published: composition, recorded operations that break or get slower, access, lint.',
    positionals: SUBGRAPH_ARGUMENT,
    examples: [
      'tributary subgraph check products --graph shop@production --schema products.graphql',
      'tributary subgraph check products --schema products.graphql --format github',
      'tributary subgraph check products --schema products.graphql --background',
    ],
    options: {
      schema: SCHEMA_OPTION,
      'routing-url': {
        type: 'string',
        value: 'URL',
        description: 'URL of the subgraph for routers. Default: as published.',
      },
      ...CHECK_SETTINGS_OPTIONS,
      background: {
        type: 'boolean',
        description: 'Start the check, print its id and exit. With --id: report the state and exit.',
      },
      id: { type: 'string', value: 'ID', description: 'Wait for this check, instead of starting one.' },
      name: NAME_OPTION,
      ...REGISTRY_OPTIONS,
    },
  },
  async ({ values, positionals }): Promise<Outcome> => {
    if (values.id !== undefined) {
      assertAlone(positionals, values.schema);
      return resumeCheck(values, { id: values.id, background: values.background });
    }
    const { name, values: targeted } = subgraphTarget(values, positionals);
    if (values.schema === undefined) throw new MisuseError('give the schema with --schema FILE');
    const { client, ref } = await openRegistry(targeted);
    const sdl = await readSchema(values.schema);
    const input = { name, sdl, routingUrl: values['routing-url'], settings: givenCheckSettings(values) };
    const { checkSubgraph } = await client.request(
      START,
      { ref, input },
      z.object({ checkSubgraph: checkSchema }),
    );
    if (values.background) return started(checkSubgraph);
    const schema = { file: values.schema === '-' ? undefined : values.schema, sdl, subgraph: name };
    const done = await finished(client, checkSubgraph);
    return checkOutcome(done, { ...contextOf(name, ref), schemas: [schema] });
  },
);

function assertAlone(positionals: readonly string[], schema: string | undefined): void {
  if (positionals.length > 0 || schema !== undefined)
    throw new MisuseError('--id names a check that was started: omit NAME and --schema');
}

/** Returns the outcome of a check that was started in the background. */
async function resumeCheck(
  values: RegistryValues,
  { id, background }: { readonly id: string; readonly background: boolean },
): Promise<Outcome> {
  const client = createRegistryClient(await connectionOf(values));
  const check = await fetchCheck(client, id);
  if (check.status === 'RUNNING' && background) return started(check);
  const done = await finished(client, check);
  return checkOutcome(done, { ...contextOf(done.subgraph ?? 'several subgraphs', undefined), schemas: [] });
}

async function fetchCheck(client: RegistryClient, id: string): Promise<RegistryCheck> {
  const { check } = await client.request(POLL, { id }, z.object({ check: checkSchema.nullable() }));
  if (check === null) throw new CommandError('NOT_FOUND', `the registry has no check ${id}`);
  return check;
}

/** Polls a check until it has ended, at most until the time limit of the client. */
async function finished(client: RegistryClient, check: RegistryCheck): Promise<RegistryCheck> {
  let latest = check;
  for (let round = 0; latest.status === 'RUNNING'; round += 1) {
    await delay(POLL_INTERVALS_MS[Math.min(round, POLL_INTERVALS_MS.length - 1)]);
    latest = await fetchCheck(client, check.id);
  }
  return latest;
}

function started(check: RegistryCheck): Outcome {
  const { id, status } = check;
  return {
    kind: 'success',
    plain: `${id}\n`,
    data: { ...checkReference(check), status },
    notes: [`check ${id} is running; "tributary subgraph check --id ${id}" waits for its report`],
  };
}

function contextOf(name: string, ref: string | undefined): ReportContext {
  return {
    title: `Check of ${name}${ref === undefined ? '' : ` in ${ref}`}`,
    next: [
      `If the clients above no longer count, \`tributary subgraph publish ${name} … --allow-breaking\` publishes nevertheless.`,
    ],
  };
}
