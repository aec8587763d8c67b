import { Dialog } from './dialog.tsx';
import { MOD } from './shortcuts.ts';

const KEYS: readonly (readonly [keys: string, text: string])[] = [
  [`${MOD} K`, 'Search fields, types, operations, subgraphs and requests'],
  [`${MOD} Enter`, 'Run the operation'],
  ['Esc', 'Cancel the run, close a dialog'],
  ['Alt 1 … Alt 4', 'Response, plan, waterfall, cost'],
  ['Shift Alt F', 'Format the operation'],
  ['↑ ↓', 'Walk through rows and nodes'],
  ['?', 'This help'],
];

export function Help({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog label="Help" onClose={onClose}>
      <h2>Keys</h2>
      <dl class="keys">
        {KEYS.map(([keys, text]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </Dialog>
  );
}
