import { composeProposed, readVersion, servingErrors, reported } from './composition.ts';
import type { GraphVersion, ProposedGraph } from './composition.ts';
import { evaluateOperation } from './operations/evaluate-operation.ts';
import type { Evaluation } from './operations/evaluate-operation.ts';
import { addPlans, isTooCostly } from './plans/add-plans.ts';
import type { PlanCache } from './plans/plan-operations.ts';
import type { RecordedOperation } from './recorded-operation.ts';
import type { CheckReport, CompositionReport, OperationResult, Reason } from './report.ts';
import { selectOperations, totalCalls } from './select-operations.ts';
import type { SelectedOperations } from './select-operations.ts';
import { viewOf } from './operations/schema-view.ts';
import { DEFAULT_SETTINGS } from './settings.ts';
import type { CheckSettings } from './settings.ts';

/** A contract: a part of the graph by tags. */
export type CheckedContract = {
  readonly name: string;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly hideUnreachable: boolean;
};

/** A proposed change of a graph. */
export type CheckRequest = {
  /** Supergraph SDL that is served; undefined if there is none yet. */
  readonly before: string | undefined;
  readonly after: ProposedGraph;
  readonly operations: readonly RecordedOperation[];
  readonly contracts?: readonly CheckedContract[];
  readonly settings?: Partial<CheckSettings>;
};

export type CheckParts = {
  readonly now: () => number;
  readonly signal?: AbortSignal;
  /** Plans of earlier checks. */
  readonly plans?: PlanCache;
};

/** Checks what a proposed version of a graph breaks. */
export async function check(request: CheckRequest, parts: CheckParts): Promise<CheckReport> {
  const settings = { ...DEFAULT_SETTINGS, ...request.settings };
  const selected = selectOperations(request.operations, settings, parts.now());
  const { supergraphSdl, errors, hints } = await composeProposed(request.after, parts.signal);
  if (supergraphSdl === undefined) return failed({ errors, hints }, selected);
  const after = tryVersion(supergraphSdl);
  if (after.kind === 'rejected') return failed({ errors: after.errors, hints }, selected);
  const composition = { errors, hints: [...hints, ...after.version.warnings.map(reported)] };
  if (request.before === undefined) return { ...emptyReport(selected), success: true, composition };
  const before = readVersion(request.before);
  const [earlier, proposed] = [viewOf(before), viewOf(after.version)];
  const evaluated = selected.operations.map((operation) =>
    resultOf(operation, evaluateOperation(operation, earlier, proposed)),
  );
  const operations = await addPlans(evaluated, selected.operations, {
    before,
    after: after.version,
    settings,
    cache: parts.plans,
  });
  return {
    ...emptyReport(selected),
    success: operations.every(({ verdict, plan }) => verdict !== 'breaks' && !isTooCostly(plan, settings)),
    composition,
    operations,
  };
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

function failed(composition: CompositionReport, selected: SelectedOperations): CheckReport {
  return { ...emptyReport(selected), success: false, composition };
}

function emptyReport({ evidence }: SelectedOperations): Omit<CheckReport, 'success' | 'composition'> {
  return { operations: [], changes: [], access: [], lint: [], contracts: [], evidence };
}

function resultOf(
  { id, name, body, clients = [] }: RecordedOperation,
  { verdict, reasons }: Evaluation,
): OperationResult {
  const byCalls = clients.toSorted((a, b) => (b.calls ?? 0) - (a.calls ?? 0));
  const seen = clients.flatMap(({ lastSeen }) => lastSeen ?? []).toSorted();
  return {
    id,
    name: name ?? null,
    client: byCalls[0]?.name ?? null,
    clients: byCalls.map((client) => ({
      name: client.name,
      version: client.version ?? null,
      calls: client.calls,
    })),
    calls: totalCalls(clients),
    lastSeen: seen.at(-1) ?? null,
    verdict,
    reasons: reasons.map((reason) => withSource(reason, body)),
    plan: null,
  };
}

/** Adds the line of the operation, which may no longer be recorded when the report is read. */
function withSource(reason: Reason, body: string): Reason {
  const source = reason.line === undefined ? undefined : body.split(/\r\n|\n|\r/)[reason.line - 1];
  return source === undefined ? reason : { ...reason, source };
}
