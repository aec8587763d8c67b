import type { EditorView } from '@codemirror/view';
import { useEffect, useState } from 'preact/hooks';
import { isRecord } from '../../../router/shared/is-record.ts';
import type { CostModel, Variables } from '../../../router/cost/cost-model.ts';
import { count } from '../../frame/format.ts';
import { parseDocument } from '../editor/document-facts.ts';
import { showFieldCosts } from '../editor/cost-hints.ts';
import type { Tab } from '../run/workspace.ts';
import { fieldCosts } from './field-costs.ts';
import type { FieldCostRow } from './field-costs.ts';
import { useCosts } from './use-cost-model.ts';

const PAUSE_MS = 150;

/**
 * The estimated cost of the operation that is being written, in total and beside the field at the cursor. It
 * is computed in the browser with the router's own arithmetic, so typing sends nothing to the router.
 */
export function WrittenCost({
  tab,
  operationName,
  view,
}: {
  readonly tab: Tab;
  readonly operationName: string | undefined;
  readonly view: EditorView | undefined;
}) {
  const { model, maxCost } = useCosts();
  const [rows, setRows] = useState<readonly FieldCostRow[]>();
  const { query, variables } = tab;
  useEffect(() => {
    const timer = setTimeout(() => {
      const next = model && costsOf(model, { query, variables, operationName });
      setRows(next);
      if (view !== undefined) showFieldCosts(view, next ?? []);
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [model, query, variables, operationName, view]);
  if (rows === undefined) return null;
  const total = rows.reduce((sum, { estimated }) => sum + estimated, 0);
  const isTooHigh = maxCost !== undefined && total > maxCost;
  return (
    <span class={`written-cost number ${isTooHigh ? 'bad' : 'soft'}`} title="Estimated cost of the operation">
      {count(total, 'point')}
      {isTooHigh && `, more than the limit of ${maxCost.toLocaleString('en')}`}
    </span>
  );
}

type Written = {
  readonly query: string;
  readonly variables: string;
  readonly operationName: string | undefined;
};

/** Returns undefined for an operation that is incomplete. */
function costsOf(
  model: CostModel,
  { query, variables, operationName }: Written,
): readonly FieldCostRow[] | undefined {
  const document = parseDocument(query);
  if (document === undefined) return undefined;
  try {
    return fieldCosts(model, {
      document,
      name: operationName,
      variables: variablesOf(variables),
      data: undefined,
    });
  } catch {
    return undefined;
  }
}

/** Variables that are incomplete count as absent, so their arguments have the default or the assumed size. */
function variablesOf(text: string): Variables {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}
