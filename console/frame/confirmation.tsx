import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { ApiFailure } from '../api/client.ts';
import { failureOf } from '../api/use-resource.ts';
import { Dialog } from './dialog.tsx';

type Props = {
  readonly title: string;
  /** Text of the button. */
  readonly action: string;
  readonly isDangerous?: boolean;
  /** Name that has to be typed first. */
  readonly typed?: string | undefined;
  readonly send: () => Promise<unknown>;
  readonly onClose: () => void;
  /** Consequences of the action. */
  readonly children: ComponentChildren;
};

/** Asks for a confirmation, sends the action, and shows the reason if it failed. */
export function Confirmation({ title, action, isDangerous, typed, send, onClose, children }: Props) {
  const [text, setText] = useState('');
  const [sending, setSending] = useState(false);
  const [failure, setFailure] = useState<ApiFailure>();
  const submit = (event: Event) => {
    event.preventDefault();
    setSending(true);
    send()
      .then(onClose)
      .catch((error: unknown) => {
        setSending(false);
        setFailure(failureOf(error));
      });
  };
  return (
    <Dialog label={title} onClose={onClose}>
      <form class="confirmation" onSubmit={submit}>
        <h2>{title}</h2>
        {children}
        {typed !== undefined && (
          <label class="field">
            Type {typed} to confirm
            <input autocomplete="off" value={text} onInput={(event) => setText(event.currentTarget.value)} />
          </label>
        )}
        {failure !== undefined && (
          <p class="confirmation-failure" role="alert">
            {failure.message}
          </p>
        )}
        <div class="confirmation-buttons">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            class={isDangerous === true ? 'danger' : 'primary'}
            disabled={sending || (typed !== undefined && text !== typed)}
          >
            {action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
