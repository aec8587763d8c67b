import type { Extension } from '@codemirror/state';
import { EditorView } from '@codemirror/view';

/**
 * Replaces the selected text by what is typed. Left to the browser, Chromium keeps the look of the removed
 * text with a `style` attribute, which the content security policy of the page blocks and reports.
 */
export const TYPE_OVER: Extension = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { inputType, data } = event;
    const { from, to } = view.state.selection.main;
    if (inputType !== 'insertText' || data === null || from === to || view.composing) return false;
    const insert = () => view.state.update(view.state.replaceSelection(data), { userEvent: 'input.type' });
    // Handlers of extensions come first: typing a bracket encloses the selected text.
    const isHandled = view.state
      .facet(EditorView.inputHandler)
      .some((handle) => handle(view, from, to, data, insert));
    if (!isHandled) view.dispatch(insert());
    event.preventDefault();
    return true;
  },
});
