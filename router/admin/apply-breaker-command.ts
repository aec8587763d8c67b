import type { BreakerCommand, CommandResult } from './breaker-command.ts';
import { breakableFields } from './breakable-fields.ts';
import type { Graph } from '../apollo/describe-graph.ts';
import type { Lease } from '../supergraph/leases.ts';
import type { SubgraphPool } from '../subgraph/subgraph-pool.ts';

export type BreakerCommandParts = {
  readonly force: SubgraphPool['force'];
  readonly acquire: () => Lease<{ readonly graph: Pick<Graph, 'supergraphSchema'> }> | undefined;
};

/**
 * Creates the function that applies an operator's command to the circuit breaker of a subgraph or field in
 * this process. A command for a subgraph or field that the active supergraph lacks is rejected.
 */
export function createBreakerCommands({
  force,
  acquire,
}: BreakerCommandParts): (command: BreakerCommand) => CommandResult {
  return (command) => {
    const { subgraph, field, state } = command;
    using lease = acquire();
    // The command `auto` ends a forced state. The command is accepted even for a field that the active
    // supergraph lacks, because the breaker of the field may have been forced under an older supergraph.
    if (lease !== undefined && field !== undefined && state !== 'auto') {
      const known = breakableFields(lease.generation.graph.supergraphSchema, subgraph);
      if (known.length > 0 && !known.includes(field))
        return rejected(404, unknownField(subgraph, field, known));
    }
    switch (force(command)) {
      case 'applied':
        return { kind: 'applied' };
      case 'unknown':
        return rejected(404, `no subgraph is named ${subgraph}`);
      case 'full':
        return rejected(
          409,
          'the maximum number of forced fields is reached; set some of them to auto first',
        );
    }
  };
}

function rejected(status: number, reason: string): CommandResult {
  return { kind: 'rejected', status, reason };
}

const MOST_NAMED = 20;

function unknownField(subgraph: string, field: string, known: readonly string[]): string {
  const [type = ''] = field.split('.');
  const ofType = known.filter((one) => one.startsWith(`${type}.`));
  const near = ofType.length > 0 ? ofType : known;
  const rest = near.length > MOST_NAMED ? ` and ${near.length - MOST_NAMED} more` : '';
  return `${subgraph} has no root or entity field ${field}; it has ${near.slice(0, MOST_NAMED).join(', ')}${rest}`;
}
