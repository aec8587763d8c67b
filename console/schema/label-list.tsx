import type { Label } from './labels.ts';

const CLASSES: Readonly<Record<Label['kind'], string>> = {
  access: 'label label-access',
  cost: 'label',
  tag: 'label',
  hidden: 'label label-warn',
  override: 'label label-warn',
  other: 'label',
};

/** Directives as small labels. */
export function Labels({ labels }: { readonly labels: readonly Label[] }) {
  return (
    <>
      {labels.map(({ kind, text, title }) => (
        <span key={text} class={CLASSES[kind]} title={title}>
          {text}
        </span>
      ))}
    </>
  );
}
