import { useState } from 'preact/hooks';
import { Confirmation } from '../frame/confirmation.tsx';
import { SecretField } from '../frame/secret-field.tsx';
import { askWithKey, registryKey } from './registry-client.ts';

/** An action on the rollout of a variant. */
export type RolloutAction = {
  readonly kind: 'promote' | 'pause' | 'resume' | 'rollback';
  readonly launch?: number;
};

const TEXTS = { promote: 'Promote', pause: 'Pause', resume: 'Resume', rollback: 'Roll back' } as const;

/** Asks for a confirmation, and sends the action with the person's own key. */
export function RolloutDialog({
  variant,
  action,
  onClose,
}: {
  readonly variant: string;
  readonly action: RolloutAction;
  readonly onClose: () => void;
}) {
  const [key, setKey] = useState(registryKey());
  const [reason, setReason] = useState('');
  const { kind, launch } = action;
  const send = () =>
    askWithKey(key.trim(), mutationOf(kind), {
      ref: variant,
      ...(takesLaunch(kind) && { launch: launch ?? null }),
      ...(kind === 'rollback' && { reason: reason.trim() || null }),
    });
  return (
    <Confirmation
      title={`${TEXTS[kind]}: ${variant}`}
      action={TEXTS[kind]}
      isDangerous={kind === 'rollback'}
      typed={kind === 'rollback' ? variant : undefined}
      send={send}
      onClose={onClose}
    >
      <p>{consequence(action)}</p>
      {kind === 'rollback' && (
        <label class="field">
          Reason, for the history
          <input value={reason} maxLength={200} onInput={(event) => setReason(event.currentTarget.value)} />
        </label>
      )}
      <SecretField label="API key" value={key} onChange={setKey} />
    </Confirmation>
  );
}

function takesLaunch(kind: RolloutAction['kind']): boolean {
  return kind === 'promote' || kind === 'rollback';
}

function mutationOf(kind: RolloutAction['kind']): string {
  const variables = [
    '$ref: ID!',
    ...(takesLaunch(kind) ? ['$launch: Int'] : []),
    ...(kind === 'rollback' ? ['$reason: String'] : []),
  ];
  const given = variables.map((one) => /\$(\w+)/.exec(one)?.[1] ?? '').map((name) => `${name}: $${name}`);
  return `mutation Rollout(${variables.join(', ')}) { ${kind}(${given.join(', ')}) { sequence } }`;
}

function consequence({ kind, launch }: RolloutAction): string {
  switch (kind) {
    case 'promote':
      return `All callers get launch ${launch ?? 'in canary'} within seconds.`;
    case 'pause':
      return 'The canary keeps its share of the callers until it is resumed. Routers still roll it back if it is worse.';
    case 'resume':
      return 'The canary goes on to the next step when it is healthy.';
    case 'rollback':
      return launch === undefined
        ? 'A canary ends. Without one, all callers get the launch that was served before. Later publishes build on its subgraphs.'
        : `All callers get launch ${launch} again. Later publishes build on its subgraphs.`;
  }
}
