import { Supergraph, operationFromDocument } from '@apollo/federation-internals';
import { QueryPlanner } from '@apollo/query-planner';
import type { QueryPlan } from '@apollo/query-planner';
import { stripVTControlCharacters } from 'node:util';
import { parse } from 'graphql';
import type { DocumentNode } from 'graphql';
import { messageOf } from '../shared/error-message.ts';
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

/** An operation that is valid in the API schema. */
export type OperationToPlan = { readonly document: string; readonly operationName: string | undefined };

/** Plain data, so that it can cross threads. */
export type PlannedOperation =
  | { readonly kind: 'planned'; readonly plan: QueryPlan; readonly renames: Renames }
  | { readonly kind: 'refused'; readonly message: string };

export type OperationPlanner = (operation: OperationToPlan) => PlannedOperation;

/**
 * Apollo's planner with its known faults worked around. Synchronous and slow: the router calls it in a thread.
 *
 * Keys with `resolvable: false` are hidden from the planner, because it may use them. Behind an `@interfaceObject` that has no other
 * key, it then fails to plan what needs no more than the type of the object. So an operation that is refused is planned again: with
 * all keys, and with hoisted fields (`hoistFields`). Such a plan is used only if it sends services only entities that they resolve.
 *
 * @throws when the supergraph is not one that can be planned against.
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
  const supergraph = Supergraph.build(prepared.document, { validateSupergraph: false });
  const apiSchema = supergraph.apiSchema();
  // Reused fragments would save bytes on the wire and cost planning time; calls to subgraphs are equal more often without.
  const planner = new QueryPlanner(supergraph, { reuseQueryFragments: false });

  function plan(document: DocumentNode): QueryPlan {
    // The document is valid already, and names that exist only for planning would not be.
    const operation = operationFromDocument(apiSchema, document, { validate: false });
    return planner.buildQueryPlan(operation);
  }

  return ({ document: source, operationName }, { hoists } = { hoists: false }) => {
    const original = parse(source, { noLocation: true });
    const renames = findRenames(original, prepared);
    const renamed = anonymousOperation(renameForPlanning(original, renames), operationName);
    try {
      const { document: readable, literals } = hideLiterals(renamed, source, prepared.schema);
      const written = plannableDocument(readable, prepared);
      const plannable = hoists ? hoistFields(written, prepared) : written;
      if (plannable === undefined) return refused('it has no fields to hoist');
      const { keys, reserved } = prepared;
      const document = keys === 'all' ? withUnconditionalKeys(plannable, reserved) : plannable;
      const planned = patchPlan(plan(document), document, prepared);
      const missing = findUncovered(planned, document, prepared.schema);
      if (missing !== undefined) return refused(`no subgraph can be asked for ${missing} here`);
      return { kind: 'planned', plan: showLiterals(planned, literals), renames };
    } catch (error) {
      return refused(firstLine(error));
    }
  };
}

function refused(reason: string): PlannedOperation {
  return { kind: 'refused', message: `The subgraphs cannot answer this operation together: ${reason}.` };
}

/** The planner's assertions name a field first and then go on about the planner. */
function firstLine(error: unknown): string {
  // It prints values in colours when it can.
  const message = stripVTControlCharacters(messageOf(error));
  const [line = ''] = message.split('\n');
  return line
    .replace(/: This shouldn't have happened\.$/, '')
    .replace(/\.$/, '')
    .slice(0, 300);
}
