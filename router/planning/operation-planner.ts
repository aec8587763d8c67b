import { Supergraph, operationFromDocument } from '@apollo/federation-internals';
import { QueryPlanner } from '@apollo/query-planner';
import type { QueryPlan } from '@apollo/query-planner';
import { stripVTControlCharacters } from 'node:util';
import { parse } from 'graphql';
import type { DocumentNode } from 'graphql';
import { messageOf } from '../shared/error-message.ts';
import { withChainedRequirements } from './patch/chained-requirements.ts';
import { findUncovered } from './patch/coverage.ts';
import { hideLiterals, showLiterals } from './prepare/exact-literals.ts';
import { hoistFields } from './prepare/hoisted-fields.ts';
import { plannableDocument } from './prepare/plannable-document.ts';
import { hasUnresolvableKeys, prepareSupergraph } from './prepare/prepare-supergraph.ts';
import type { PreparedSupergraph } from './prepare/prepare-supergraph.ts';
import { anonymousOperation, findRenames, renameForPlanning } from './prepare/renames.ts';
import type { Renames } from './prepare/renames.ts';
import { createResolvableCheck } from './patch/resolvable-fetches.ts';
import { patchPlan } from './patch/patch-plan.ts';
import { withUnconditionalKeys } from './patch/unconditional-keys.ts';

/** An operation to plan. It was validated against the API schema. */
export type OperationToPlan = {
  readonly document: string;
  readonly operationName: string | undefined;
  /** Labels of progressive `@override` that are true; all others are false. */
  readonly overrides?: readonly string[] | undefined;
};

/** Result of planning. It is plain data, so it can be sent between threads. */
export type PlannedOperation =
  | { readonly kind: 'planned'; readonly plan: QueryPlan; readonly renames: Renames }
  | { readonly kind: 'rejected'; readonly message: string };

/** Plans an operation. If it cannot be planned, the result is of the kind `rejected`. */
export type OperationPlanner = (operation: OperationToPlan) => PlannedOperation;

/**
 * Creates a planner that uses Apollo's planner and works around its known bugs. It is synchronous and slow,
 * so the router runs it in a worker thread.
 *
 * Keys with `resolvable: false` are removed from the supergraph, because Apollo's planner would use them in
 * calls to subgraphs that cannot resolve them. If an operation cannot be planned without these keys, it is
 * planned again with all keys, with hoisted fields (`hoistFields`), and with both. Such a plan is used only
 * if every subgraph can resolve all entities that it receives.
 *
 * @throws if the planner cannot use the supergraph.
 */
export function createOperationPlanner(supergraphSdl: string): OperationPlanner {
  const parsed = parse(supergraphSdl, { noLocation: true });
  const plan = createPlanning(prepareSupergraph(parsed, { keys: 'resolvable' }));
  if (!hasUnresolvableKeys(parsed)) return plan;
  const isResolvable = createResolvableCheck(parsed);
  let planWithAllKeys: Planning | undefined;
  return (operation) => {
    const outcome = plan(operation);
    if (outcome.kind === 'planned') return outcome;
    planWithAllKeys ??= createPlanning(prepareSupergraph(parsed, { keys: 'all' }));
    const attempts = [
      () => planWithAllKeys?.(operation),
      () => plan(operation, { hoists: true }),
      () => planWithAllKeys?.(operation, { hoists: true }),
    ];
    for (const attempt of attempts) {
      const other = attempt();
      if (other?.kind === 'planned' && isResolvable(other.plan)) return other;
    }
    return outcome;
  };
}

type Planning = (operation: OperationToPlan, options?: { readonly hoists: boolean }) => PlannedOperation;

function createPlanning(prepared: PreparedSupergraph): Planning {
  const supergraph = Supergraph.build(prepared.document, {
    supportedFeatures: null,
    validateSupergraph: false,
  });
  const apiSchema = supergraph.apiSchema();
  // Reusing the client's named fragments in calls to subgraphs would slow down planning. Without fragments
  // the calls are longer, but more of them have equal texts and can be deduplicated.
  const planner = new QueryPlanner(supergraph, { reuseQueryFragments: false });

  function plan(document: DocumentNode, overrides: readonly string[]): QueryPlan {
    // The prepared document is not validated, because it contains names that the schema does not have, such
    // as those of renamed fields. The client's document was validated before.
    const operation = operationFromDocument(apiSchema, document, { validate: false });
    const overrideConditions = new Map(overrides.map((label) => [label, true]));
    return withChainedRequirements(() => planner.buildQueryPlan(operation, { overrideConditions }), prepared);
  }

  return ({ document: source, operationName, overrides = [] }, { hoists } = { hoists: false }) => {
    const original = parse(source, { noLocation: true });
    const renames = findRenames(original, prepared);
    const renamed = anonymousOperation(renameForPlanning(original, renames), operationName);
    try {
      const { document: readable, literals } = hideLiterals(renamed, source, prepared.schema);
      const written = plannableDocument(readable, prepared);
      const plannable = hoists ? hoistFields(written, prepared) : written;
      if (plannable === undefined) return rejected('it has no fields to hoist');
      const { keys, reserved } = prepared;
      const document = keys === 'all' ? withUnconditionalKeys(plannable, reserved) : plannable;
      const planned = patchPlan(plan(document, overrides), document, prepared);
      const missing = findUncovered(planned, document, prepared.schema);
      if (missing !== undefined) return rejected(`no subgraph can resolve ${missing} here`);
      return { kind: 'planned', plan: showLiterals(planned, literals), renames };
    } catch (error) {
      return rejected(firstLine(error));
    }
  };
}

function rejected(reason: string): PlannedOperation {
  return { kind: 'rejected', message: `The subgraphs together cannot resolve this operation: ${reason}.` };
}

/**
 * Returns the first line of the planner's error, which names the field. The other lines describe the
 * planner's state.
 */
function firstLine(error: unknown): string {
  // Removes colour codes, which the planner may add for terminals.
  const message = stripVTControlCharacters(messageOf(error));
  const [line = ''] = message.split('\n');
  return line
    .replace(/: This shouldn't have happened\.$/, '')
    .replace(/\.$/, '')
    .slice(0, 300);
}
