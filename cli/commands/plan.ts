import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { assertFile, loadConfig } from '../../router/config/config.ts';
import { RouterError } from '../../router/shared/errors.ts';
import { isRecord } from '../../router/shared/is-record.ts';
import { rejectedSupergraph } from '../command-config.ts';
import { MisuseError } from '../command-spec.ts';
import { FORMAT_OPTION } from '../outcome.ts';
import type { Outcome } from '../outcome.ts';
import type { PlanDescription } from '../../router/planning/describe-plan.ts';
import type { OperationToPlan } from '../plan/plan-operation.ts';
import { ROUTER_OPTIONS, routerEnvironment } from '../router-config.ts';
import { CONFIG_OPTION } from '../single-command.ts';
import { defineVerb } from '../verb.ts';

export const plan = defineVerb(
  {
    name: 'plan',
    summary:
      'Prints the query plan of an operation, its estimated cost and the number of calls to subgraphs.',
    positionals: { name: '[FILE]', max: 1, description: 'File with the operation; - for stdin.' },
    examples: [
      "tributary plan --query '{ products { name } }'",
      'tributary plan operation.graphql --format mermaid',
      'tributary plan operation.graphql --graph partner',
    ],
    options: {
      query: { type: 'string', short: 'q', value: 'TEXT', description: 'The operation, instead of FILE.' },
      'operation-name': {
        type: 'string',
        short: 'n',
        value: 'NAME',
        description: 'Plan this operation of a document with several.',
      },
      variables: {
        type: 'string',
        value: 'JSON',
        description: 'Variables, on which the cost may depend.',
      },
      label: {
        type: 'string',
        value: 'LABEL',
        multiple: true,
        description: 'Plan for a caller for whom this label of a progressive @override is true. Repeatable.',
      },
      graph: {
        type: 'string',
        value: 'NAME',
        description: 'Plan for a client of this graph of router.yaml (graphs.NAME), which sees only a part.',
      },
      supergraph: ROUTER_OPTIONS.supergraph,
      config: CONFIG_OPTION,
      format: {
        ...FORMAT_OPTION,
        choices: ['plain', 'json', 'mermaid'],
        description: "Print the plan as text, as JSON in Apollo's form, or as a Mermaid flowchart.",
      },
    },
  },
  async ({ values, positionals: [file] }): Promise<Outcome> => {
    const operation: OperationToPlan = {
      source: await readOperation(file, values.query),
      name: values['operation-name'],
      variables: readVariables(values.variables),
      labels: values.label,
      graph: values.graph,
    };
    const config = loadConfig(routerEnvironment(values), process.cwd());
    // Loaded here, because other verbs do not need the router's packages.
    const [{ openSources, tryRouter }, { planOperation }] = await Promise.all([
      import('../trial.ts'),
      import('../plan/plan-operation.ts'),
    ]);
    await using sources = openSources(config, { watch: false });
    try {
      const planned = await tryRouter(config, sources, async (trial) => ({
        kind: 'planned' as const,
        ...(await planOperation(trial, operation)),
      }));
      if (planned.kind === 'rejected') return rejectedSupergraph(planned.reasons);
      return await planOutcome(planned, values.format);
    } catch (error) {
      if (error instanceof RouterError) return rejectedOperation(error);
      throw error;
    }
  },
);

async function planOutcome(
  { plan: queryPlan, text: planText, cost, calls, subgraphs, fetches }: PlanDescription,
  format: 'plain' | 'json' | 'mermaid',
): Promise<Outcome> {
  const { planDiagram } = await import('../plan/plan-diagram.ts');
  const bySubgraph = Object.entries(subgraphs).map(([name, count]) => `${name} ${count}`);
  const costText = cost === null ? 'unknown without --variables' : String(cost);
  const callsText = bySubgraph.length === 0 ? '' : ` (${bySubgraph.join(', ')})`;
  const summary = `cost: ${costText}\ncalls: ${calls}${callsText}`;
  return {
    kind: 'success',
    plain: format === 'mermaid' ? planDiagram(queryPlan) : `${planText}\n\n${summary}\n`,
    data: { plan: queryPlan, text: planText, cost, calls, calls_by_subgraph: subgraphs, fetches },
  };
}

function rejectedOperation(error: RouterError): Outcome {
  const listed = error.listed ?? [];
  const lines = listed.map(({ message, locations = [] }) => {
    const [at] = locations;
    return at === undefined ? message : `${at.line}:${at.column}: ${message}`;
  });
  const problems = lines.length > 0 ? lines : [error.message];
  return { kind: 'failure', code: error.code, message: error.publicMessage, problems };
}

async function readOperation(file: string | undefined, query: string | undefined): Promise<string> {
  if ((file === undefined) === (query === undefined))
    throw new MisuseError('give the operation either as FILE or with --query');
  if (query !== undefined) return query;
  if (file === '-') return text(process.stdin);
  assertFile(file ?? '');
  return readFileSync(file ?? '', 'utf8');
}

function readVariables(json: string | undefined): OperationToPlan['variables'] {
  if (json === undefined) return undefined;
  try {
    const variables: unknown = JSON.parse(json);
    if (isRecord(variables)) return variables;
  } catch {
    // Reported below, like a value that is not an object.
  }
  throw new MisuseError('--variables must be a JSON object');
}
