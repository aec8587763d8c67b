import { HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import type { Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { tags } from '@lezer/highlight';

// The variables are those of styles/colours.css; they are inherited into the shadow root.
const theme = EditorView.theme({
  '&': { height: '100%', color: 'var(--ink)', backgroundColor: 'transparent', fontSize: '12px' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '19px' },
  '.cm-content': { padding: '8px 0', caretColor: 'var(--ink)' },
  '.cm-line': { padding: '0 12px 0 4px' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-gutters': { backgroundColor: 'transparent', color: 'var(--ink-soft)', border: 'none' },
  '.cm-lineNumbers .cm-gutterElement': { padding: '0 4px 0 10px', minWidth: '28px' },
  '.cm-foldGutter .cm-gutterElement': { padding: '0 2px', cursor: 'pointer' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'transparent' },
  '&.cm-focused .cm-activeLine': { backgroundColor: 'var(--surface-raised)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--surface-selected) !important',
  },
  '&.cm-focused .cm-matchingBracket, .cm-matchingBracket': {
    backgroundColor: 'var(--surface-selected)',
    outline: 'none',
  },
  '.cm-searchMatch': { backgroundColor: 'var(--surface-warn)', outline: '1px solid var(--warn)' },
  '.cm-foldPlaceholder': {
    backgroundColor: 'var(--surface-sunken)',
    border: 'none',
    color: 'var(--ink-soft)',
    padding: '0 6px',
  },
  '.cm-tooltip': {
    backgroundColor: 'var(--surface)',
    color: 'var(--ink)',
    border: '1px solid var(--line)',
    borderRadius: '6px',
    boxShadow: '0 4px 16px rgb(0 0 0 / 18%)',
    overflow: 'hidden',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--mono)', maxHeight: '18em' },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '2px 8px', lineHeight: '18px' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': {
    backgroundColor: 'var(--surface-selected)',
    color: 'var(--ink)',
  },
  '.cm-completionDetail': { color: 'var(--ink-soft)', fontStyle: 'normal', marginLeft: '12px' },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '600' },
  '.cm-tooltip.cm-completionInfo': { padding: '6px 10px', maxWidth: '320px', fontFamily: 'var(--sans)' },
  '.cm-diagnostic': { padding: '4px 10px', fontFamily: 'var(--sans)', borderLeftWidth: '3px' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--bad)' },
  '.cm-diagnostic-warning': { borderLeftColor: 'var(--warn)' },
  '.cm-lintRange': { backgroundImage: 'none !important' },
  '.cm-lintRange-error': { textDecoration: 'underline wavy var(--bad)' },
  '.cm-lintRange-warning': { textDecoration: 'underline wavy var(--warn)' },
  '.cm-deprecated': { textDecoration: 'line-through' },
  '.cm-documentation': { padding: '6px 10px', maxWidth: '420px', font: '12px/18px var(--sans)' },
  '.cm-documentation code': { fontFamily: 'var(--mono)' },
  '.cm-documentation p': { margin: '4px 0 0', color: 'var(--ink-soft)', whiteSpace: 'pre-line' },
  '.cm-documentation .deprecation': { color: 'var(--warn)' },
  '.cm-panels': { backgroundColor: 'var(--surface-raised)', color: 'var(--ink)', borderColor: 'var(--line)' },
  '.cm-panel.cm-search': { padding: '4px 8px', fontFamily: 'var(--sans)' },
  '.cm-textfield, .cm-button': {
    backgroundColor: 'var(--surface)',
    backgroundImage: 'none',
    border: '1px solid var(--line)',
    borderRadius: '4px',
    color: 'var(--ink)',
    fontSize: '12px',
  },
  '.cm-panel.cm-search [name=close]': { color: 'var(--ink-soft)', fontSize: '16px', cursor: 'pointer' },
  '.cm-cost': {
    display: 'none',
    marginLeft: '16px',
    color: 'var(--ink-soft)',
    font: '11px/16px var(--sans)',
    whiteSpace: 'nowrap',
  },
  '&.cm-focused .cm-cost': { display: 'inline' },
  '.cm-mark-missing, .cm-mark-stale, .cm-mark-fallback': {
    margin: '0 0 0 16px',
    padding: '0 6px',
    borderRadius: '4px',
    font: '11px/16px var(--sans)',
    whiteSpace: 'nowrap',
  },
  '.cm-mark-missing': { backgroundColor: 'var(--surface-bad)', color: 'var(--bad)' },
  '.cm-mark-stale, .cm-mark-fallback': { backgroundColor: 'var(--surface-warn)', color: 'var(--warn)' },
  '.cm-selectionMatch': { backgroundColor: 'var(--surface-selected)' },
  // Also where the cursor is.
  '.cm-marked-line-missing': { backgroundColor: 'var(--surface-bad) !important' },
  '.cm-marked-line-stale, .cm-marked-line-fallback': { backgroundColor: 'var(--surface-warn) !important' },
});

const highlighting = HighlightStyle.define([
  { tag: [tags.keyword, tags.definitionKeyword], color: 'var(--code-keyword)' },
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--code-string)' },
  { tag: [tags.number, tags.integer, tags.float], color: 'var(--code-number)' },
  { tag: [tags.bool, tags.null], color: 'var(--code-keyword)' },
  { tag: [tags.propertyName, tags.attributeName], color: 'var(--code-property)' },
  { tag: [tags.typeName, tags.className, tags.namespace], color: 'var(--code-name)' },
  { tag: [tags.variableName, tags.special(tags.variableName)], color: 'var(--code-name)' },
  { tag: [tags.comment, tags.lineComment], color: 'var(--ink-soft)' },
]);

export const EDITOR_THEME: Extension = [theme, syntaxHighlighting(highlighting)];
