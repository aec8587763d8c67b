import { useState } from 'preact/hooks';
import { Dialog } from '../frame/dialog.tsx';
import { SecretField } from '../frame/secret-field.tsx';
import { registryKey, setRegistryKey } from './registry-client.ts';

/** Asks for the person's API key of the registry. */
export function KeyDialog({ onClose }: { readonly onClose: () => void }) {
  const [key, setKey] = useState(registryKey());
  const submit = (event: Event) => {
    event.preventDefault();
    setRegistryKey(key.trim());
    onClose();
  };
  return (
    <Dialog label="API key" onClose={onClose}>
      <form class="confirmation" onSubmit={submit}>
        <h2>API key of the registry</h2>
        <p class="soft">
          Without it, the page reads with the key of the router. Actions need your own key with the role
          PUBLISH. It stays in this tab, and is gone when the tab is closed.
        </p>
        <SecretField label="API key" value={key} onChange={setKey} />
        <div class="confirmation-buttons">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" class="primary">
            {key.trim() === '' ? 'Use no key' : 'Use this key'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
