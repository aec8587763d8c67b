import { findAccessChanges } from './changes/access-changes.ts';
import { assumeUse, evaluateChanges } from './changes/evaluate-changes.ts';
import type { EvaluatedOperation } from './changes/evaluate-changes.ts';
import { findSchemaChanges } from './changes/schema-changes.ts';
import type { FoundChange } from './changes/schema-changes.ts';
import type { UnlistedUse } from './changes/unlisted-use.ts';
import { mayBreakUnlisted } from './failure-causes.ts';
import type { Views } from './operations/comparison.ts';
import { fieldPathAt } from './operations/field-path.ts';
import { evaluateOperation } from './operations/evaluate-operation.ts';
import type { RecordedOperation } from './recorded-operation.ts';
import type { AccessChange, OperationResult, Reason, SchemaChange } from './report.ts';
import { totalCalls } from './select-operations.ts';

/** Effects of a change on a graph or on a contract. */
export type GraphEvaluation = {
  readonly success: boolean;
  readonly operations: readonly OperationResult[];
  readonly changes: readonly SchemaChange[];
  readonly access: readonly AccessChange[];
};

export type GraphToEvaluate = {
  readonly views: Views;
  /** Undefined if it is unknown what clients send. */
  readonly operations: readonly RecordedOperation[] | undefined;
  readonly unlisted?: UnlistedUse;
  /** Changes in addition to those of the API schema. */
  readonly others: readonly FoundChange[];
};

/** Evaluates the operations and changes of a graph or of a contract. */
export async function evaluateGraph({
  views,
  operations,
  unlisted,
  others,
}: GraphToEvaluate): Promise<GraphEvaluation> {
  const evaluated = (operations ?? []).map((operation) => ({
    operation,
    evaluation: evaluateOperation(operation, views.before, views.after),
  }));
  const found = [...(await findSchemaChanges(views.before.schema, views.after.schema)), ...others];
  const changes =
    operations === undefined
      ? assumeUse(found)
      : evaluateChanges(found, evaluated, { schema: views.before.schema, unlisted });
  const access = findAccessChanges(views, evaluated, unlisted);
  const results = evaluated.map(resultOf);
  const mayBreak =
    changes.some(({ verdict }) => verdict === 'breaks') ||
    access.some(({ effect }) => effect === 'tightened');
  const isUnlistedAffected =
    changes.some(mayBreakUnlisted) || access.some(({ unlistedCalls }) => unlistedCalls !== undefined);
  return {
    success: operations === undefined ? !mayBreak : !results.some(isFailure) && !isUnlistedAffected,
    operations: results,
    changes,
    access,
  };
}

/** Whether an operation makes a check fail: it breaks, or callers that pass today may be rejected. */
function isFailure({ verdict, reasons }: OperationResult): boolean {
  return verdict === 'breaks' || reasons.some(({ code }) => code === 'ACCESS_TIGHTENED');
}

function resultOf({ operation, evaluation }: EvaluatedOperation): OperationResult {
  const { id, name, body, clients = [] } = operation;
  const { verdict, reasons } = evaluation;
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

/** Adds the line of the operation and the path, because it may be deleted before the report is read. */
function withSource(reason: Reason, body: string): Reason {
  const { line, column } = reason;
  const source = line === undefined ? undefined : body.split(/\r\n|\n|\r/)[line - 1];
  if (source === undefined || line === undefined) return reason;
  const path = column === undefined ? undefined : fieldPathAt(body, line, column);
  return { ...reason, source, ...(path !== undefined && { path }) };
}
