import type { PlanComparison } from '../report.ts';

/**
 * Returns a sentence about what an operation does more or less often after a change, such as "OrderPage makes
 * 2 calls more, through inventory." Returns undefined if its plan and cost are the same.
 */
export function planSentence(operation: string, plan: PlanComparison): string | undefined {
  const parts = [callsPart(plan), subgraphsPart(plan), depthPart(plan), costPart(plan)].filter(
    (part) => part !== undefined,
  );
  return parts.length === 0 ? undefined : `${operation} ${parts.join('; ')}.`;
}

function callsPart({ callsBefore, callsAfter, callChanges }: PlanComparison): string | undefined {
  const difference = callsAfter - callsBefore;
  if (difference === 0) return undefined;
  const through = Object.entries(callChanges)
    .filter(([, change]) => Math.sign(change) === Math.sign(difference))
    .map(([name]) => name);
  const direction = difference > 0 ? 'more, through' : 'less to';
  return `makes ${counted(Math.abs(difference), 'call')} ${direction} ${listed(through)}`;
}

/** Names the subgraphs if calls move between them and their number stays the same. */
function subgraphsPart({ callsBefore, callsAfter, callChanges }: PlanComparison): string | undefined {
  const changes = Object.entries(callChanges);
  if (callsAfter !== callsBefore || changes.length === 0) return undefined;
  const names = (sign: number) =>
    listed(changes.filter(([, change]) => Math.sign(change) === sign).map(([name]) => name));
  return `calls ${names(1)} in place of ${names(-1)}`;
}

function depthPart({ depthBefore, depthAfter }: PlanComparison): string | undefined {
  if (depthAfter === depthBefore) return undefined;
  return `${depthAfter} instead of ${counted(depthBefore, 'call')} wait for each other`;
}

function costPart({ costBefore, costAfter }: PlanComparison): string | undefined {
  if (costBefore === null || costAfter === null || costBefore === costAfter) return undefined;
  return `costs ${costAfter} instead of ${counted(costBefore, 'point')}`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
