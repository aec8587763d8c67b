import { findFederationChanges } from './changes/federation-changes.ts';
import type { UnlistedUse } from './changes/unlisted-use.ts';
import { composeProposed, readVersion, servingErrors, reported } from './composition.ts';
import type { CompositionParts, GraphVersion, ProposedGraph } from './composition.ts';
import { evaluateContracts } from './evaluate-contracts.ts';
import type { CheckedContract } from './evaluate-contracts.ts';
import { evaluateGraph } from './evaluate-graph.ts';
import type { GraphEvaluation } from './evaluate-graph.ts';
import { hasNewErrors, lintProposed } from './lint/lint.ts';
import { viewOf } from './operations/schema-view.ts';
import { addPlans, isTooCostly } from './plans/add-plans.ts';
import type { PlanCache } from './plans/plan-operations.ts';
import type { RecordedOperation } from './recorded-operation.ts';
import type { CheckReport, CompositionReport } from './report.ts';
import { selectOperations } from './select-operations.ts';
import { DEFAULT_SETTINGS } from './settings.ts';
import type { CheckSettings } from './settings.ts';

/** A proposed change of a graph. */
export type CheckRequest = {
  /** Supergraph SDL that is served; undefined if there is none yet. */
  readonly before: string | undefined;
  readonly after: ProposedGraph;
  /**
   * Operations that clients send. A breaking change that none of them uses is safe. Undefined if it is
   * unknown what clients send: then each breaking change breaks.
   */
  readonly operations: readonly RecordedOperation[] | undefined;
  /** Use of the whole graph by operations whose documents are not recorded. */
  readonly unlisted?: UnlistedUse;
  readonly contracts?: readonly CheckedContract[];
  readonly settings?: Partial<CheckSettings>;
};

export type CheckParts = CompositionParts & {
  readonly now: () => number;
  /** Plans of earlier checks. */
  readonly plans?: PlanCache;
};

/** Thrown if the version that is served cannot be read. */
export class ServedVersionError extends Error {}

/**
 * Checks what a proposed version of a graph breaks.
 * @throws {ServedVersionError}
 */
export async function check(request: CheckRequest, parts: CheckParts): Promise<CheckReport> {
  const settings = { ...DEFAULT_SETTINGS, ...request.settings };
  const selected = selectOperations(request.operations ?? [], settings, parts.now());
  const { evidence } = selected;
  const { supergraphSdl, errors, hints } = await composeProposed(request.after, parts);
  if (supergraphSdl === undefined)
    return { ...EMPTY_REPORT, success: false, composition: { errors, hints }, evidence };
  const read = tryVersion(supergraphSdl);
  if (read.kind === 'rejected')
    return { ...EMPTY_REPORT, success: false, composition: { errors: read.errors, hints }, evidence };

  const after = read.version;
  const before = request.before === undefined ? undefined : servedVersion(request.before);
  const operations = request.operations && selected.operations;
  const unlisted = countedUse(request.unlisted, settings);
  const whole =
    before === undefined
      ? NO_EFFECTS
      : await evaluateWhole({ before, after }, { operations, unlisted, settings, plans: parts.plans });
  const contracts = await evaluateContracts(
    (request.contracts ?? []).map((contract) => withSettings(contract, settings, parts.now())),
    { before, after },
    { operations, unlisted },
  );
  const lint = lintProposed(request.after, { before, after }, settings.lint);
  return {
    ...EMPTY_REPORT,
    ...whole,
    success: whole.success && contracts.every(({ success }) => success) && !hasNewErrors(lint),
    lint,
    composition: { errors, hints: [...hints, ...after.warnings.map(reported)] },
    contracts,
    evidence,
  };
}

const EMPTY_REPORT = { operations: [], changes: [], access: [], lint: [], contracts: [] };

const NO_EFFECTS: GraphEvaluation = { success: true, operations: [], changes: [], access: [] };

type Recorded = {
  readonly operations: readonly RecordedOperation[] | undefined;
  readonly unlisted: UnlistedUse;
  readonly settings: CheckSettings;
  readonly plans: PlanCache | undefined;
};

async function evaluateWhole(
  { before, after }: { readonly before: GraphVersion; readonly after: GraphVersion },
  { operations, unlisted, settings, plans: cache }: Recorded,
): Promise<GraphEvaluation> {
  const views = { before: viewOf(before), after: viewOf(after) };
  const others = findFederationChanges(before, after);
  const evaluation = await evaluateGraph({ views, operations, unlisted, others });
  const planned = await addPlans(evaluation.operations, operations ?? [], { before, after, settings, cache });
  // An operation that cannot be planned any longer breaks, too.
  const fails = planned.some(({ verdict, plan }) => verdict === 'breaks' || isTooCostly(plan, settings));
  return { ...evaluation, success: evaluation.success && !fails, operations: planned };
}

/** Leaves out uses with fewer calls than operations need. Their clients are unknown. */
function countedUse(unlisted: UnlistedUse = {}, { ignoreBelowCalls }: CheckSettings): UnlistedUse {
  return Object.fromEntries(Object.entries(unlisted).filter(([, calls]) => calls >= ignoreBelowCalls));
}

/** Leaves out operations of a contract that do not count by the settings. */
function withSettings(contract: CheckedContract, settings: CheckSettings, now: number): CheckedContract {
  if (contract.operations === undefined) return contract;
  return { ...contract, operations: selectOperations(contract.operations, settings, now).operations };
}

function servedVersion(supergraphSdl: string): GraphVersion {
  const read = tryVersion(supergraphSdl);
  if (read.kind === 'read') return read.version;
  throw new ServedVersionError(read.errors.map(({ message }) => message).join('\n'));
}

type TriedVersion =
  | { readonly kind: 'read'; readonly version: GraphVersion }
  | { readonly kind: 'rejected'; readonly errors: CompositionReport['errors'] };

function tryVersion(supergraphSdl: string): TriedVersion {
  try {
    return { kind: 'read', version: readVersion(supergraphSdl) };
  } catch (error) {
    return { kind: 'rejected', errors: servingErrors(error) };
  }
}
