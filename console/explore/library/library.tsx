import { useState } from 'preact/hooks';
import { TabList } from '../../frame/tab-list.tsx';
import { FieldTree } from './field-tree.tsx';
import { HistoryList } from './history-list.tsx';
import { OperationList } from './operation-list.tsx';

const LISTS = [
  { name: 'fields', label: 'Schema' },
  { name: 'operations', label: 'Operations' },
  { name: 'history', label: 'History' },
] as const;

type List = (typeof LISTS)[number]['name'];

/** Sources of operations: the schema, the manifests and recorded operations, and earlier runs. */
export function Library({ onOpen }: { readonly onOpen: () => void }) {
  const [list, setList] = useState<List>('fields');
  return (
    <div class="library">
      <TabList prefix="library" label="Library" items={LISTS} selected={list} onSelect={setList} />
      <div
        id="library-panel"
        role="tabpanel"
        aria-labelledby={`library-${list}`}
        class="library-panel"
        tabIndex={0}
      >
        {list === 'fields' && <FieldTree />}
        {list === 'operations' && <OperationList onOpen={onOpen} />}
        {list === 'history' && <HistoryList onOpen={onOpen} />}
      </div>
    </div>
  );
}
