/** Calls of a field by one client on one day. */
export type UsageDay = { readonly day: string; readonly client: string; readonly calls: number };

/** Calls by day for each client, with a value for every day. */
export type UsageTable = {
  readonly days: readonly string[];
  readonly clients: readonly {
    readonly name: string;
    readonly calls: readonly number[];
    readonly sum: number;
  }[];
};

const SHOWN_CLIENTS = 7;
const DAY_MS = 86_400_000;

/** Fills days without a call, and adds up the clients beyond the seven with the most calls. */
export function usageTable(rows: readonly UsageDay[]): UsageTable {
  const days = daysBetween(rows[0]?.day, rows.at(-1)?.day);
  const position = new Map(days.map((day, index) => [day, index]));
  const clients = new Map<string, number[]>();
  for (const { day, client, calls } of rows) {
    const list = clients.get(client) ?? days.map(() => 0);
    clients.set(client, list);
    const index = position.get(day) ?? 0;
    list[index] = (list[index] ?? 0) + calls;
  }
  const all = [...clients]
    .map(([name, calls]) => ({ name: name || 'unnamed client', calls, sum: sumOf(calls) }))
    .toSorted((one, other) => other.sum - one.sum || one.name.localeCompare(other.name, 'en'));
  if (all.length <= SHOWN_CLIENTS + 1) return { days, clients: all };
  const others = all.slice(SHOWN_CLIENTS);
  const calls = days.map((_, index) => sumOf(others.map((client) => client.calls[index] ?? 0)));
  const rest = { name: `${others.length} other clients`, calls, sum: sumOf(calls) };
  return { days, clients: [...all.slice(0, SHOWN_CLIENTS), rest] };
}

function daysBetween(first: string | undefined, last: string | undefined): readonly string[] {
  if (first === undefined || last === undefined) return [];
  const [from, to] = [Date.parse(first), Date.parse(last)];
  const count = Math.round((to - from) / DAY_MS) + 1;
  return Array.from({ length: count }, (_, day) => new Date(from + day * DAY_MS).toISOString().slice(0, 10));
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
