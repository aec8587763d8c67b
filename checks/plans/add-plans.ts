import { OperationTypeNode, getOperationAST, parse, validate } from 'graphql';
import type { GraphVersion } from '../composition.ts';
import type { RecordedOperation } from '../recorded-operation.ts';
import type { OperationResult, PlanComparison, Reason, Verdict } from '../report.ts';
import type { CheckSettings } from '../settings.ts';
import { comparePlans } from './compare-plans.ts';
import type { ComparedPlans } from './compare-plans.ts';
import type { OperationToPlan, PlanCache } from './plan-operations.ts';

export type PlannedVersions = {
  readonly before: GraphVersion;
  readonly after: GraphVersion;
  readonly settings: Pick<CheckSettings, 'failOnCostGrowthPercent'>;
  readonly cache?: PlanCache | undefined;
};

/**
 * Adds the plans before and after the change to the results of operations, which are in the order of the
 * recorded operations. An operation that cannot be planned any longer breaks. Subscriptions have no plans,
 * because the router does not serve them.
 */
export async function addPlans(
  results: readonly OperationResult[],
  recorded: readonly RecordedOperation[],
  { before, after, settings, cache }: PlannedVersions,
): Promise<readonly OperationResult[]> {
  // The manifests of two clients may have the same id for different operations, so ids are not unique.
  const operations = recorded.flatMap((operation, index) => {
    const result = results[index];
    return result === undefined ? [] : operationsToPlan({ ...operation, id: `${index}` }, result, after);
  });
  const compared = await comparePlans({ before, after, operations, ...(cache && { cache }) });
  return results.map((result, index) => {
    const plans = compared.get(`${index}`);
    return plans === undefined ? result : withPlans(result, plans, settings);
  });
}

/** Returns the operation if it is valid before and after the change. */
function operationsToPlan(
  { id, body, name }: RecordedOperation,
  { verdict, reasons }: OperationResult,
  after: GraphVersion,
): readonly OperationToPlan[] {
  if (reasons.some(({ code }) => code === 'ALREADY_INVALID')) return [];
  const document = parse(body, { noLocation: true });
  // An operation can be valid and break the code of its client, because the type of a field has changed.
  if (verdict === 'breaks' && validate(after.graph.schema, document).length > 0) return [];
  const operation = getOperationAST(document, name);
  if (!operation || operation.operation === OperationTypeNode.SUBSCRIPTION) return [];
  // A schema without mutations passes the validation, which has no rule for this.
  if (!after.graph.schema.getRootType(operation.operation)) return [];
  return [{ id, document, name: operation.name?.value }];
}

/** Returns whether the cost of an operation grows more than a setting allows. */
export function isTooCostly(
  plan: PlanComparison | null,
  { failOnCostGrowthPercent }: Pick<CheckSettings, 'failOnCostGrowthPercent'>,
): boolean {
  const { costBefore = null, costAfter = null } = plan ?? {};
  if (failOnCostGrowthPercent === null || costBefore === null || costAfter === null) return false;
  return costAfter > costBefore * (1 + failOnCostGrowthPercent / 100);
}

function withPlans(
  result: OperationResult,
  plans: ComparedPlans,
  settings: PlannedVersions['settings'],
): OperationResult {
  switch (plans.kind) {
    case 'compared': {
      const reasons = isTooCostly(plans.plan, settings) ? [costReason(plans.plan, settings)] : [];
      return { ...result, plan: plans.plan, reasons: [...result.reasons, ...reasons] };
    }
    case 'no longer planned':
      return {
        ...result,
        verdict: 'breaks',
        reasons: [...result.reasons, planReason('breaks', plans.reason)],
      };
    case 'not planned':
      return {
        ...result,
        reasons: [
          ...result.reasons,
          planReason('safe', `${plans.reason} This is so before the change, too.`),
        ],
      };
  }
}

function planReason(verdict: Verdict, message: string): Reason {
  return { verdict, coordinate: null, code: 'OPERATION_NOT_PLANNABLE', message };
}

function costReason(
  { costBefore, costAfter }: PlanComparison,
  { failOnCostGrowthPercent }: PlannedVersions['settings'],
): Reason {
  return {
    verdict: 'safe',
    coordinate: null,
    code: 'COST_GROWTH',
    message: `The estimated cost rises from ${costBefore} to ${costAfter} points, more than failOnCostGrowthPercent (${failOnCostGrowthPercent}) allows.`,
  };
}
