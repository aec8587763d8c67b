import type { RequestKind } from '../../router/console/api-types.ts';

const CLASSES: Readonly<Record<RequestKind, string>> = {
  failed: 'label label-bad',
  degraded: 'label label-warn',
  slow: 'label label-warn',
  sampled: 'label',
};

/** Label with the reason why a request was kept. */
export function KindLabel({ kind }: { readonly kind: RequestKind }) {
  return <span class={CLASSES[kind]}>{kind}</span>;
}
