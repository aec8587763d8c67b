import type { ComponentChildren } from 'preact';

export type TabItem<Name extends string> = {
  readonly name: Name;
  readonly label: ComponentChildren;
  readonly title?: string;
};

/** A list of tabs; arrow keys change the tab. The panel is `role="tabpanel"` with the id `PREFIX-panel`. */
export function TabList<Name extends string>({
  prefix,
  label,
  items,
  selected,
  onSelect,
}: {
  readonly prefix: string;
  readonly label: string;
  readonly items: readonly TabItem<Name>[];
  readonly selected: Name;
  readonly onSelect: (name: Name) => void;
}) {
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const index = items.findIndex(({ name }) => name === selected);
    const next = items[(index + step + items.length) % items.length];
    if (next === undefined) return;
    onSelect(next.name);
    document.getElementById(`${prefix}-${next.name}`)?.focus();
  };
  return (
    <div class="tab-list" role="tablist" aria-label={label} onKeyDown={onKeyDown}>
      {items.map((item) => (
        <button
          key={item.name}
          id={`${prefix}-${item.name}`}
          type="button"
          role="tab"
          class="tab-button"
          title={item.title}
          aria-selected={item.name === selected}
          aria-controls={`${prefix}-panel`}
          tabIndex={item.name === selected ? 0 : -1}
          onClick={() => onSelect(item.name)}
        >
          {item.label}
        </button>
      ))}
    </div>
  );
}
