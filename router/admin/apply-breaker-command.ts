import type { BreakerOrder, Obedience } from './breaker-command.ts';
import { breakableFields } from './breakable-fields.ts';
import type { Graph } from '../apollo/gateway.ts';
import type { Pinned } from '../supergraph/generations.ts';
import type { Upstream } from '../subgraph/subgraph-clients.ts';

export type OrderParts = {
  readonly force: Upstream['force'];
  readonly pin: () => Pinned<{ readonly graph: Pick<Graph, 'supergraphSchema'> }> | undefined;
};

/** Obeys orders to the breakers of this process that the supergraph it serves has a place for. */
export function createOrderBreaker({ force, pin }: OrderParts): (order: BreakerOrder) => Obedience {
  return (order) => {
    const { subgraph, field, state } = order;
    using pinned = pin();
    // Letting go is always right: the field may have left the supergraph since.
    if (pinned !== undefined && field !== undefined && state !== 'auto') {
      const known = breakableFields(pinned.generation.graph.supergraphSchema, subgraph);
      if (known.length > 0 && !known.includes(field))
        return refused(404, unknownField(subgraph, field, known));
    }
    switch (force(order)) {
      case 'obeyed':
        return { kind: 'obeyed' };
      case 'unknown':
        return refused(404, `no subgraph is named ${subgraph}`);
      case 'full':
        return refused(409, 'as many fields are held as may be: let some of them go first');
    }
  };
}

function refused(status: number, reason: string): Obedience {
  return { kind: 'refused', status, reason };
}

const MOST_NAMED = 20;

function unknownField(subgraph: string, field: string, known: readonly string[]): string {
  const [type = ''] = field.split('.');
  const ofType = known.filter((one) => one.startsWith(`${type}.`));
  const near = ofType.length > 0 ? ofType : known;
  const rest = near.length > MOST_NAMED ? ` and ${near.length - MOST_NAMED} more` : '';
  return `${subgraph} has no root or entity field ${field}; it has ${near.slice(0, MOST_NAMED).join(', ')}${rest}`;
}
