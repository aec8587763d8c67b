import { randomOf } from '../differential/random.ts';
import type { Random } from '../differential/random.ts';
import type { Disturbance } from './proxy.ts';
import { ROUTERS } from './settings.ts';

export const SUBGRAPHS = ['product', 'inventory', 'user', 'shipping', 'order'] as const;

export type SubgraphName = (typeof SUBGRAPHS)[number];

/** A fault to inject. */
export type Action =
  | { readonly kind: 'network'; readonly to: SubgraphName | 'postgres'; readonly disturbance: Disturbance }
  | { readonly kind: 'redis network'; readonly router: number; readonly disturbance: Disturbance }
  | { readonly kind: 'redis frozen' }
  | { readonly kind: 'redis restarted' }
  | { readonly kind: 'subgraph killed'; readonly subgraph: SubgraphName }
  | { readonly kind: 'router restarted'; readonly router: number; readonly signal: 'SIGTERM' | 'SIGKILL' }
  | { readonly kind: 'supergraph swapped' }
  | { readonly kind: 'bad supergraph' };

export type Fault = {
  /** Milliseconds since the start of the run. */
  readonly atMs: number;
  readonly forMs: number;
  /** Name in the report. */
  readonly name: string;
  readonly action: Action;
};

const LONGEST_MS = 2_500;

/**
 * Plans the faults of a run from its seed: often several at once, never two in the same part of the graph.
 */
export function planFaults(seed: string, durationMs: number): readonly Fault[] {
  const random = randomOf(`${seed}/faults`);
  const busyUntil = new Map<string, number>();
  const faults: Fault[] = [];
  for (let atMs = 300; atMs < durationMs; atMs += 300 + random.int(1_200)) {
    const action = chooseAction(random);
    const forMs = 300 + random.int(LONGEST_MS - 300);
    const part = partOf(action);
    if ((busyUntil.get(part) ?? 0) > atMs) continue;
    busyUntil.set(part, atMs + forMs + recoveryMs(action));
    faults.push({ atMs, forMs, name: nameOf(action), action });
  }
  return faults;
}

function chooseAction(random: Random): Action {
  const draw = random.int(100);
  const subgraph = random.pick(SUBGRAPHS);
  const router = random.int(ROUTERS);
  const disturbance = chooseDisturbance(random);
  if (draw < 50) return { kind: 'network', to: subgraph, disturbance };
  if (draw < 55) return { kind: 'network', to: 'postgres', disturbance };
  if (draw < 67) return { kind: 'redis network', router, disturbance };
  if (draw < 73) return { kind: 'redis frozen' };
  if (draw < 79) return { kind: 'redis restarted' };
  if (draw < 85) return { kind: 'subgraph killed', subgraph };
  if (draw < 90) return { kind: 'router restarted', router, signal: 'SIGTERM' };
  if (draw < 92) return { kind: 'router restarted', router, signal: 'SIGKILL' };
  return { kind: draw < 98 ? 'supergraph swapped' : 'bad supergraph' };
}

function chooseDisturbance(random: Random): Disturbance {
  const afterBytes = random.int(400);
  return random.pick<Disturbance>([
    { kind: 'close' },
    { kind: 'hang' },
    { kind: 'mute' },
    { kind: 'drip', everyMs: 5 + random.int(40) },
    { kind: 'reset', afterBytes },
    { kind: 'truncate', afterBytes },
    { kind: 'latency', ms: 20 + random.int(600) },
    { kind: 'bandwidth', bytesPerS: 500 + random.int(8_000) },
  ]);
}

/**
 * Returns the part that two faults must not affect at once, so that one router always serves and each fault
 * is undone before the next.
 */
export function partOf(action: Action): string {
  switch (action.kind) {
    case 'network':
      return action.to;
    case 'subgraph killed':
      return action.subgraph;
    case 'redis network':
    case 'redis frozen':
    case 'redis restarted':
      return 'redis';
    case 'router restarted':
      return 'routers';
    case 'supergraph swapped':
    case 'bad supergraph':
      return 'supergraph';
  }
}

/** Milliseconds until a part has recovered after the end of a fault, on a busy machine. */
function recoveryMs({ kind }: Action): number {
  return kind === 'router restarted' || kind === 'subgraph killed' ? 6_000 : 200;
}

function nameOf(action: Action): string {
  switch (action.kind) {
    case 'network':
      return `${action.to}: ${action.disturbance.kind}`;
    case 'redis network':
      return `redis: ${action.disturbance.kind}`;
    case 'subgraph killed':
      return `${action.subgraph}: killed`;
    case 'router restarted':
      return `router: ${action.signal}`;
    case 'redis frozen':
    case 'redis restarted':
    case 'supergraph swapped':
    case 'bad supergraph':
      return action.kind;
  }
}
