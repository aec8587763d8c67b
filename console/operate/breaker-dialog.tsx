import { useState } from 'preact/hooks';
import type { BreakerAction } from '../../router/console/api-types.ts';
import { apiPost } from '../api/client.ts';
import { Confirmation } from '../frame/confirmation.tsx';

/** A command to the breaker of a subgraph, or of one of its fields. */
export type BreakerTarget = {
  readonly subgraph: string;
  readonly field?: string;
  readonly state: BreakerAction['state'];
};

const TITLES = { open: 'Hold open', closed: 'Hold closed', auto: 'Release' } as const;

/** Asks for a confirmation, sends the command and shows its failure. */
export function BreakerDialog({
  target,
  onClose,
}: {
  readonly target: BreakerTarget;
  readonly onClose: () => void;
}) {
  const [reason, setReason] = useState('');
  const { subgraph, field, state } = target;
  const send = () => {
    const action: BreakerAction = {
      state,
      ...(field !== undefined && { field }),
      ...(reason.trim() !== '' && { reason: reason.trim() }),
    };
    return apiPost(`breakers/${encodeURIComponent(subgraph)}`, action);
  };
  return (
    <Confirmation
      title={`${TITLES[state]}: ${field ?? subgraph}`}
      action={TITLES[state]}
      isDangerous={state === 'open'}
      typed={state === 'open' && field === undefined ? subgraph : undefined}
      send={send}
      onClose={onClose}
    >
      <p>{consequence(target)}</p>
      <label class="field">
        Reason, for the audit log
        <input value={reason} maxLength={200} onInput={(event) => setReason(event.currentTarget.value)} />
      </label>
    </Confirmation>
  );
}

function consequence({ subgraph, field, state }: BreakerTarget): string {
  const what = field === undefined ? `calls to ${subgraph}` : `calls for ${field} to ${subgraph}`;
  switch (state) {
    case 'open':
      return `The router sends no ${what} until the breaker is released. Responses lack this data, or have stale or fallback values.`;
    case 'closed':
      return `The router sends all ${what}, however many fail, until the breaker is released.`;
    case 'auto':
      return `The breaker decides about ${what} again. After it was held open, single calls test the subgraph first.`;
  }
}
