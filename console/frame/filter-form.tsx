import type { ComponentChildren } from 'preact';

/** A row of fields that select what a page shows. Each applies at once, so the form is never submitted. */
export function FilterForm({
  label,
  children,
}: {
  readonly label: string;
  readonly children: ComponentChildren;
}) {
  return (
    <form class="filters" role="search" aria-label={label} onSubmit={(event) => event.preventDefault()}>
      {children}
    </form>
  );
}
