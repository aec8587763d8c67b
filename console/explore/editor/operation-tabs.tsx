import { useStore } from '../../frame/store.ts';
import { addTab, closeTab, selectTab, workspace } from '../run/workspace.ts';
import type { Tab } from '../run/workspace.ts';

/** The open operations. */
export function OperationTabs() {
  const { tabs, active } = useStore(workspace);
  return (
    <div class="operation-tabs">
      {tabs.map((tab) => (
        <span key={tab.id} class={`operation-tab${tab.id === active ? ' operation-tab-active' : ''}`}>
          <button
            type="button"
            class="operation-name"
            aria-current={tab.id === active ? 'true' : undefined}
            onClick={() => selectTab(tab.id)}
          >
            {nameOf(tab)}
          </button>
          {tabs.length > 1 && (
            <button
              type="button"
              class="operation-close"
              aria-label={`Close ${nameOf(tab)}`}
              onClick={() => closeTab(tab.id)}
            >
              ×
            </button>
          )}
        </span>
      ))}
      <button type="button" class="icon-button" aria-label="New tab" title="New tab" onClick={addTab}>
        +
      </button>
    </div>
  );
}

/** Name of the first operation, else its first field. */
function nameOf({ query }: Tab): string {
  const named = /\b(?:query|mutation)\s+(\w+)/.exec(query)?.[1];
  return named ?? /\{\s*(\w+)/.exec(query)?.[1] ?? 'Untitled';
}
