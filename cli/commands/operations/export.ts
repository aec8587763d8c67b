import { OperationTypeNode, getOperationAST, parse } from 'graphql';
import { counted } from '../../checks/report-words.ts';
import { OUTPUT_OPTION, writeResult } from '../../command-config.ts';
import { positiveNumber } from '../../command-spec.ts';
import type { Outcome } from '../../outcome.ts';
import { openRegistry } from '../../registry/open-registry.ts';
import { recordedOperations } from '../../registry/recorded-operations.ts';
import type { RegistryOperation } from '../../registry/recorded-operations.ts';
import { REGISTRY_OPTIONS } from '../../registry/registry-options.ts';
import { defineVerb } from '../../verb.ts';

export const operationsExport = defineVerb(
  {
    name: 'operations export',
    summary: "Prints recorded operations as a manifest in Apollo's format for persisted operations.",
    examples: ['tributary operations export --graph shop@production --output operations.json'],
    options: {
      client: { type: 'string', value: 'NAME', description: 'Only operations of this client.' },
      'since-days': { type: 'string', value: 'N', description: 'Only operations of the last N days.' },
      output: OUTPUT_OPTION,
      ...REGISTRY_OPTIONS,
    },
  },
  async ({ values: { client, output, ...values } }): Promise<Outcome> => {
    const days = values['since-days'];
    const sinceDays = days === undefined ? undefined : positiveNumber('since-days', days, { whole: true });
    const found = await recordedOperations(await openRegistry(values), { client, sinceDays });
    const manifest = {
      format: 'apollo-persisted-query-manifest',
      version: 1,
      operations: found.map(entryOf),
    };
    const json = `${JSON.stringify(manifest, undefined, 2)}\n`;
    if (output !== undefined) writeResult(output, json);
    return {
      kind: 'success',
      plain: output === undefined ? json : '',
      data: { manifest },
      notes: output === undefined ? [] : [`${counted(found.length, 'operation')} written to ${output}`],
    };
  },
);

function entryOf({ id, name, body }: RegistryOperation) {
  const operation = getOperationAST(parse(body), name);
  return {
    id,
    name: name ?? operation?.name?.value ?? '',
    type: operation?.operation ?? OperationTypeNode.QUERY,
    body,
  };
}
