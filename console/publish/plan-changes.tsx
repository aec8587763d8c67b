import type { OperationResult, PlanComparison } from '../../checks/report.ts';
import { formatCount } from '../frame/figures.ts';
import { Subgraph } from '../frame/subgraph.tsx';

type Planned = OperationResult & { readonly plan: PlanComparison };

/** Query plans before and after a change, side by side. */
export function PlanChanges({ operations }: { readonly operations: readonly Planned[] }) {
  if (operations.length === 0) return <p class="soft">No plan differs.</p>;
  return (
    <div class="scroll-x">
      <table class="dense plan-changes">
        <thead>
          <tr>
            <th scope="col">Operation</th>
            <td />
            <th scope="col" class="number">
              Calls
            </th>
            <th scope="col" class="number">
              Waiting in a row
            </th>
            <th scope="col" class="number">
              Cost
            </th>
            <th scope="col">Subgraphs</th>
          </tr>
        </thead>
        {operations.map(({ id, name, plan }) => (
          <tbody key={id}>
            <tr>
              <th scope="rowgroup" rowSpan={2} class="mono">
                {name ?? id.slice(0, 16)}
              </th>
              <th scope="row">before</th>
              <td class="number">{plan.callsBefore}</td>
              <td class="number">{plan.depthBefore}</td>
              <td class="number">{formatCount(plan.costBefore)}</td>
              <td>
                <Subgraphs names={plan.subgraphsBefore} />
              </td>
            </tr>
            <tr>
              <th scope="row">after</th>
              <Changed before={plan.callsBefore} after={plan.callsAfter} />
              <Changed before={plan.depthBefore} after={plan.depthAfter} />
              <Changed before={plan.costBefore} after={plan.costAfter} />
              <td>
                <Subgraphs names={plan.subgraphsAfter} changes={plan.callChanges} />
              </td>
            </tr>
          </tbody>
        ))}
      </table>
    </div>
  );
}

function Changed({ before, after }: { readonly before: number | null; readonly after: number | null }) {
  const isHigher = (after ?? 0) > (before ?? 0);
  const isLower = (after ?? 0) < (before ?? 0);
  return (
    <td class="number">
      <span class={isHigher ? 'label label-warn' : isLower ? 'label label-good' : ''}>
        {formatCount(after)}
        {isHigher ? ' ▲' : isLower ? ' ▼' : ''}
      </span>
    </td>
  );
}

function Subgraphs({
  names,
  changes = {},
}: {
  readonly names: readonly string[];
  readonly changes?: PlanComparison['callChanges'];
}) {
  return (
    <span class="plan-subgraphs">
      {names.map((name) => {
        const change = changes[name] ?? 0;
        return (
          <span key={name}>
            <Subgraph name={name} />
            {change !== 0 && (
              <span class="soft number">
                {' '}
                {change > 0 ? '+' : '−'}
                {Math.abs(change)}
              </span>
            )}
          </span>
        );
      })}
    </span>
  );
}
