import { Empty } from '../frame/states.tsx';

/** Shown for a response without a trace or a plan. */
export function NoInternals({ what, status }: { readonly what: 'trace' | 'plan'; readonly status: number }) {
  if (status !== 200)
    return (
      <Empty title={`No ${what}`}>The request was rejected before it was executed (status {status}).</Empty>
    );
  return (
    <Empty title={`The router sent no ${what}`}>
      In production it sends one only to callers with the role <code>trace.role</code>, or with a token of{' '}
      <code>tributary debug-token</code> in the header <code>tributary-debug</code>. <code>trace.expose</code>{' '}
      changes that.
    </Empty>
  );
}
