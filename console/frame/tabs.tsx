/** Links between the pages of a view. */
export function Tabs({
  label,
  tabs,
}: {
  readonly label: string;
  readonly tabs: readonly { readonly text: string; readonly link: string; readonly isOpen: boolean }[];
}) {
  return (
    <nav class="tabs" aria-label={label}>
      {tabs.map(({ text, link, isOpen }) => (
        <a key={text} class="tab" href={link} aria-current={isOpen ? 'page' : undefined}>
          {text}
        </a>
      ))}
    </nav>
  );
}
