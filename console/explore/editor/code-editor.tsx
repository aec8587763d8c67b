import { EditorState } from '@codemirror/state';
import type { Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { EDITOR_THEME } from './editor-theme.ts';

/**
 * An editor of CodeMirror. It is in a shadow root, where CodeMirror adds its styles as constructed style
 * sheets: a content security policy without inline styles allows these, and no `<style>` element.
 */
export function CodeEditor({
  value,
  label,
  extensions,
  readOnly = false,
  onChange,
  onView,
}: {
  readonly value: string;
  readonly label: string;
  /** Read once. */
  readonly extensions: Extension;
  readonly readOnly?: boolean;
  readonly onChange?: (value: string) => void;
  readonly onView?: (view: EditorView) => void;
}) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const changed = useRef(onChange);
  changed.current = onChange;
  /** Texts that were passed to `onChange` and have not come back as `value` yet, the oldest one first. */
  const pending = useRef<string[]>([]);

  // Layout effects do not wait for the paint. Others of a component run before those of its children when
  // the component is rendered again in between: what a parent marks in the text would meet the text before.
  useLayoutEffect(() => {
    if (host.current === null) return;
    const root = host.current.shadowRoot ?? host.current.attachShadow({ mode: 'open' });
    const editor = new EditorView({
      root,
      parent: root,
      state: EditorState.create({
        doc: value,
        extensions: [
          extensions,
          EDITOR_THEME,
          EditorView.contentAttributes.of({ 'aria-label': label, tabindex: '0' }),
          readOnly ? [EditorState.readOnly.of(true), EditorView.editable.of(false), VIEWER] : [],
          EditorView.updateListener.of((update) => {
            if (!update.docChanged || update.transactions.some((entry) => entry.isUserEvent('replace')))
              return;
            const text = update.state.doc.toString();
            pending.current.push(text);
            changed.current?.(text);
          }),
        ],
      }),
    });
    view.current = editor;
    onView?.(editor);
    return () => editor.destroy();
  }, []);

  useLayoutEffect(() => {
    const editor = view.current;
    if (editor === undefined) return;
    // While somebody types quickly, `value` lags behind. Setting it would remove the last characters.
    const own = pending.current.indexOf(value);
    pending.current.splice(0, own === -1 ? Infinity : own + 1);
    if (own !== -1 || editor.state.doc.toString() === value) return;
    editor.dispatch({
      changes: { from: 0, to: editor.state.doc.length, insert: value },
      userEvent: 'replace',
    });
  }, [value]);

  return <div ref={host} class="code-editor" />;
}

/** Text that cannot be edited can still be reached, scrolled and searched by keyboard. */
const VIEWER = EditorView.contentAttributes.of({ role: 'textbox', 'aria-readonly': 'true' });
