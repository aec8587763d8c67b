import type { CheckStatus, LaunchStatus } from './registry-types.ts';

const LAUNCHES: Readonly<Record<LaunchStatus, readonly [text: string, className: string]>> = {
  COMPOSED: ['composed', 'label'],
  FAILED: ['failed', 'label label-bad'],
  CANARY: ['canary', 'label label-warn'],
  PAUSED: ['canary, paused', 'label label-warn'],
  SERVING: ['serving', 'label label-good'],
  SUPERSEDED: ['superseded', 'label'],
  ROLLED_BACK: ['rolled back', 'label label-bad'],
};

const CHECKS: Readonly<Record<CheckStatus, readonly [text: string, className: string]>> = {
  RUNNING: ['running', 'label label-warn'],
  PASSED: ['passed', 'label label-good'],
  FAILED: ['failed', 'label label-bad'],
  ERROR: ['did not run', 'label label-bad'],
};

export function LaunchLabel({ status }: { readonly status: LaunchStatus }) {
  const [text, className] = LAUNCHES[status];
  return <span class={className}>{text}</span>;
}

export function CheckLabel({ status }: { readonly status: CheckStatus }) {
  const [text, className] = CHECKS[status];
  return <span class={className}>{text}</span>;
}
