import type { CoordinateResult, CoordinateUsage, OperationsResult, UsageResult } from '../api-types.ts';
import type { OperationJson, UsageJson } from '../../usage/usage-json.ts';

/** Returns, for each schema coordinate, the recorded numbers of calls, operations and clients. */
export function usageResult({ from, to, operations, droppedCoordinates }: UsageJson): UsageResult {
  const totals = new Map<string, Total>();
  const totalOf = (coordinate: string) => {
    const total = totals.get(coordinate) ?? { calls: 0, operations: 0, clients: new Set(), lastSeen: '' };
    totals.set(coordinate, total);
    return total;
  };
  for (const operation of operations)
    for (const coordinate of coordinatesOf(operation)) {
      const total = totalOf(coordinate);
      total.operations += 1;
      for (const client of operation.clients) {
        total.calls += client.requests;
        total.clients.add(client.name);
        if (client.lastSeen > total.lastSeen) total.lastSeen = client.lastSeen;
      }
    }
  for (const [coordinate, requests] of Object.entries(droppedCoordinates))
    totalOf(coordinate).calls += requests;
  return {
    from,
    to,
    coordinates: Object.fromEntries([...totals].map(([name, total]) => [name, coordinateUsage(total)])),
  };
}

type Total = { calls: number; operations: number; readonly clients: Set<string>; lastSeen: string };

function coordinateUsage({ calls, operations, clients, lastSeen }: Total): CoordinateUsage {
  return { calls, operations, clients: clients.size, lastSeen: lastSeen === '' ? null : lastSeen };
}

/** Lists the recorded operations that use a schema coordinate, with their clients. */
export function coordinateResult({ operations }: UsageJson, coordinate: string): CoordinateResult {
  return {
    coordinate,
    operations: operations
      .filter((operation) => coordinatesOf(operation).includes(coordinate))
      .map(({ name, signature, body, clients }) => ({
        name,
        signature,
        body,
        clients: clients.map((client) => ({
          name: client.name,
          version: client.version,
          calls: client.requests,
          lastSeen: client.lastSeen,
        })),
      })),
  };
}

/** Lists the operations that were recorded from requests, the most used one first. */
export function recordedOperations({ operations }: UsageJson): OperationsResult['recorded'] {
  return operations
    .map(({ name, signature, type, body, clients }) => ({
      name,
      signature,
      type,
      body,
      calls: clients.reduce((sum, { requests }) => sum + requests, 0),
      lastSeen: clients.reduce((latest, { lastSeen }) => (lastSeen > latest ? lastSeen : latest), ''),
    }))
    .toSorted((a, b) => b.calls - a.calls);
}

function coordinatesOf(operation: OperationJson): readonly string[] {
  return [...operation.fields, ...operation.arguments, ...operation.inputFields, ...operation.enumValues];
}
