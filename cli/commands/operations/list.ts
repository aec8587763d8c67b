import { counted, listed, numeral, shownTime } from '../../checks/report-words.ts';
import { table } from '../../registry/columns.ts';
import { positiveNumber } from '../../command-spec.ts';
import type { Outcome } from '../../outcome.ts';
import { openRegistry } from '../../registry/open-registry.ts';
import { recordedOperations } from '../../registry/recorded-operations.ts';
import type { RegistryOperation } from '../../registry/recorded-operations.ts';
import { REGISTRY_OPTIONS } from '../../registry/registry-options.ts';
import { defineVerb } from '../../verb.ts';

export const operationsList = defineVerb(
  {
    name: 'operations list',
    summary: 'Lists recorded operations, most calls first: clients, calls, and when they were last seen.',
    examples: [
      'tributary operations list --graph shop@production',
      'tributary operations list --coordinate Product.name --since-days 7',
    ],
    options: {
      coordinate: {
        type: 'string',
        value: 'COORDINATE',
        description:
          'Only operations that routers saw use this field, argument or enum value, such as Product.name.',
      },
      client: { type: 'string', value: 'NAME', description: 'Only operations of this client.' },
      'since-days': { type: 'string', value: 'N', description: 'Only operations of the last N days.' },
      first: { type: 'string', value: 'N', default: '20', description: 'Number of operations.' },
      ...REGISTRY_OPTIONS,
    },
  },
  async ({ values }): Promise<Outcome> => {
    const { coordinate, client } = values;
    const days = values['since-days'];
    const sinceDays = days === undefined ? undefined : positiveNumber('since-days', days, { whole: true });
    const most = positiveNumber('first', values.first, { whole: true });
    const found = await recordedOperations(await openRegistry(values), {
      coordinate,
      client,
      sinceDays,
      most,
    });
    return { kind: 'success', plain: tableOf(found), data: { operations: found } };
  },
);

function tableOf(operations: readonly RegistryOperation[]): string {
  if (operations.length === 0) return 'no operation is recorded\n';
  const rows = operations.map(({ id, name, calls, lastSeen, clients }) => [
    id.slice(0, 12),
    name ?? '',
    calls === null ? 'manifest' : numeral(calls),
    lastSeen === null ? '' : shownTime(lastSeen),
    listed(clients.map(clientText)),
  ]);
  return table(['ID', 'NAME', 'CALLS', 'LAST SEEN', 'CLIENTS'], rows);
}

function clientText({ name, version, calls }: RegistryOperation['clients'][number]): string {
  const client = [name ?? 'unnamed', version].filter((part) => part !== null).join(' ');
  return `${client} (${counted(calls, 'call')})`;
}
