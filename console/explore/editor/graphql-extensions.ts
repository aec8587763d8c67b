import { acceptCompletion, closeBrackets, autocompletion, completionKeymap } from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { bracketMatching, foldGutter, foldKeymap, indentOnInput } from '@codemirror/language';
import { lintKeymap } from '@codemirror/lint';
import { RangeSetBuilder } from '@codemirror/state';
import type { Extension } from '@codemirror/state';
import {
  Decoration,
  drawSelection,
  highlightActiveLine,
  hoverTooltip,
  keymap,
  lineNumbers,
  ViewPlugin,
} from '@codemirror/view';
import type { DecorationSet, EditorView, ViewUpdate } from '@codemirror/view';
import { getSchema, graphql, schemaStateField } from 'cm6-graphql';
import { COST_HINTS } from './cost-hints.ts';
import { documentationAt, deprecatedRanges, formatDocument } from './document-facts.ts';
import { TYPE_OVER } from './type-over.ts';

/** Extensions of all editors that are not read-only. */
export const TYPING: Extension = [
  lineNumbers(),
  foldGutter(),
  history(),
  drawSelection(),
  indentOnInput(),
  bracketMatching(),
  closeBrackets(),
  highlightActiveLine(),
  autocompletion(),
  TYPE_OVER,
  // Esc and Tab leave an editor without a completion, so that the keyboard is not trapped in it.
  keymap.of([
    { key: 'Tab', run: acceptCompletion },
    ...completionKeymap,
    ...defaultKeymap.filter(isFree),
    ...historyKeymap,
    ...foldKeymap,
    ...lintKeymap,
  ]),
];

/** Mod-Enter runs the operation. */
function isFree({ key }: { readonly key?: string }): boolean {
  return key !== 'Mod-Enter';
}

/** Completion, validation, documentation on hover, strike-through of deprecated fields, and formatting. */
export function graphqlExtensions(): Extension {
  return [
    TYPING,
    graphql(),
    hoverTooltip((view, position) => {
      const schema = getSchema(view.state);
      const found = schema && documentationAt(view.state.doc.toString(), position, schema);
      if (!found) return null;
      return { pos: found.from, end: found.to, above: true, create: () => ({ dom: documentation(found) }) };
    }),
    DEPRECATIONS,
    COST_HINTS,
    keymap.of([{ key: 'Shift-Alt-f', run: formatEditor }]),
  ];
}

/** Formats the document; a document with a syntax error stays as it is. */
export function formatEditor(view: EditorView): boolean {
  const formatted = formatDocument(view.state.doc.toString());
  if (formatted !== undefined)
    view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: formatted } });
  return true;
}

type Documentation = NonNullable<ReturnType<typeof documentationAt>>;

/** Texts of a schema are shown as text only. */
function documentation({ signature, description, deprecation }: Documentation): HTMLElement {
  const box = document.createElement('div');
  box.className = 'cm-documentation';
  box.append(element('code', signature));
  if (description) box.append(element('p', description));
  if (deprecation) box.append(element('p', `Deprecated: ${deprecation}`, 'deprecation'));
  return box;
}

function element(name: string, text: string, className = ''): HTMLElement {
  const created = document.createElement(name);
  created.textContent = text;
  created.className = className;
  return created;
}

const struck = Decoration.mark({ class: 'cm-deprecated' });

const DEPRECATIONS = ViewPlugin.define(
  (view) => ({
    decorations: deprecations(view),
    update({ docChanged, view, state, startState }: ViewUpdate) {
      if (docChanged || state.field(schemaStateField) !== startState.field(schemaStateField))
        this.decorations = deprecations(view);
    },
  }),
  { decorations: (plugin) => plugin.decorations },
);

function deprecations(view: EditorView): DecorationSet {
  const schema = getSchema(view.state);
  const builder = new RangeSetBuilder<Decoration>();
  if (schema)
    for (const { from, to } of deprecatedRanges(view.state.doc.toString(), schema))
      builder.add(from, to, struck);
  return builder.finish();
}
