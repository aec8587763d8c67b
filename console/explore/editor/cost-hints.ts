import { StateEffect, StateField } from '@codemirror/state';
import type { EditorState, Extension } from '@codemirror/state';
import { Decoration, EditorView, WidgetType } from '@codemirror/view';
import type { DecorationSet } from '@codemirror/view';
import { getSchema, schemaStateField } from 'cm6-graphql';
import type { FieldCostRow } from '../cost/field-costs.ts';
import { coordinateAt } from './document-facts.ts';

const setCosts = StateEffect.define<readonly FieldCostRow[]>();

const costs = StateField.define<readonly FieldCostRow[]>({
  create: () => [],
  update: (value, { effects }) => effects.findLast((effect) => effect.is(setCosts))?.value ?? value,
});

/** Sets the costs of the fields of the document. */
export function showFieldCosts(view: EditorView, rows: readonly FieldCostRow[]): void {
  view.dispatch({ effects: setCosts.of(rows) });
}

/** Shows the cost of the field at the cursor, behind its line. */
export const COST_HINTS: Extension = [
  costs,
  EditorView.decorations.compute(['doc', 'selection', costs, schemaStateField], hintAtCursor),
];

function hintAtCursor(state: EditorState): DecorationSet {
  const rows = state.field(costs);
  const schema = getSchema(state);
  if (rows.length === 0 || !schema) return Decoration.none;
  const { head } = state.selection.main;
  const line = state.doc.lineAt(head);
  const coordinate = coordinateAt(state.doc.toString(), { from: line.from, head, to: line.to }, schema);
  const row = rows.find((one) => one.coordinate === coordinate);
  if (row === undefined) return Decoration.none;
  const widget = new CostHint(hintOf(row));
  return Decoration.set(Decoration.widget({ widget, side: 1 }).range(line.to));
}

function hintOf({ estimated, estimatedCount }: FieldCostRow): string {
  const points = estimated === 1 ? '1 point' : `${estimated.toLocaleString('en')} points`;
  return estimatedCount === 1 ? points : `${points} for ${estimatedCount.toLocaleString('en')} values`;
}

class CostHint extends WidgetType {
  readonly #text: string;

  constructor(text: string) {
    super();
    this.#text = text;
  }

  override eq(other: CostHint): boolean {
    return other.#text === this.#text;
  }

  override toDOM(): HTMLElement {
    const hint = document.createElement('span');
    hint.className = 'cm-cost';
    hint.textContent = this.#text;
    return hint;
  }
}
