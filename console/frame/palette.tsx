import { useEffect, useMemo, useState } from 'preact/hooks';
import { Dialog } from './dialog.tsx';
import { linkTo, navigate, titleOf, VIEWS } from './location.ts';
import { matching } from './palette-entries.ts';
import type { PaletteEntry } from './palette-entries.ts';

const MAX_SHOWN = 12;

/** Entries for the views, which need nothing from the router. */
const VIEW_ENTRIES: readonly PaletteEntry[] = VIEWS.map((view) => ({
  kind: 'view',
  title: titleOf(view),
  link: linkTo(view),
}));

/** The search of Ctrl-K: views, types and fields, operations, subgraphs, requests by id. */
export function Palette({ onClose }: { readonly onClose: () => void }) {
  const [text, setText] = useState('');
  const [selected, setSelected] = useState(0);
  const [entries, setEntries] = useState(VIEW_ENTRIES);
  useEffect(() => {
    void import('./load-entries.ts')
      .then(({ loadEntries }) => loadEntries())
      .then((loaded) => setEntries([...VIEW_ENTRIES, ...loaded]));
  }, []);
  const found = useMemo(() => matching(entries, text).slice(0, MAX_SHOWN), [entries, text]);
  const open = (entry: PaletteEntry | undefined) => {
    if (entry === undefined) return;
    onClose();
    navigate(entry.link);
  };
  const onKey = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === 'Enter') open(found[selected]);
    else if (step !== undefined && found.length > 0)
      setSelected((selected + step + found.length) % found.length);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog label="Search" className="palette" onClose={onClose}>
      <input
        type="text"
        role="combobox"
        aria-label="Search"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={found[selected] && `palette-${selected}`}
        placeholder="Fields, types, operations, subgraphs, request id"
        autocomplete="off"
        spellcheck={false}
        autofocus
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setSelected(0);
        }}
        onKeyDown={onKey}
      />
      <ul id="palette-list" role="listbox" aria-label="Results">
        {found.map((entry, index) => (
          <li
            key={entry.link}
            id={`palette-${index}`}
            role="option"
            aria-selected={index === selected}
            onClick={() => open(entry)}
            onMouseMove={() => setSelected(index)}
          >
            <span class="palette-title">{entry.title}</span>
            <span class="palette-kind">{entry.detail ?? entry.kind}</span>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p class="palette-none">Nothing is named like this.</p>}
    </Dialog>
  );
}
