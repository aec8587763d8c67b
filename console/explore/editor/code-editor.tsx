import { EditorState } from '@codemirror/state';
import type { Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';
import { useEffect, useRef } from 'preact/hooks';
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

  useEffect(() => {
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
          EditorView.contentAttributes.of({ 'aria-label': label }),
          readOnly ? [EditorState.readOnly.of(true), EditorView.editable.of(false), FOCUSABLE] : [],
          EditorView.updateListener.of((update) => {
            if (update.docChanged && !update.transactions.some((entry) => entry.isUserEvent('replace')))
              changed.current?.(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = editor;
    onView?.(editor);
    return () => editor.destroy();
  }, []);

  useEffect(() => {
    const editor = view.current;
    if (editor === undefined || editor.state.doc.toString() === value) return;
    editor.dispatch({
      changes: { from: 0, to: editor.state.doc.length, insert: value },
      userEvent: 'replace',
    });
  }, [value]);

  return <div ref={host} class="code-editor" />;
}

/** Text that cannot be edited can still be reached, scrolled and searched by keyboard. */
const FOCUSABLE = EditorView.contentAttributes.of({
  tabindex: '0',
  role: 'textbox',
  'aria-readonly': 'true',
});
