import { useState } from 'preact/hooks';
import { linkTo } from '../frame/location.ts';
import { Show } from '../frame/states.tsx';
import { CanaryComparison } from './canary-comparison.tsx';
import { useRegistry } from './registry-client.ts';
import { RELEASE } from './registry-types.ts';
import type { Release } from './registry-types.ts';
import { RolloutDialog } from './rollout-dialog.tsx';
import type { RolloutAction } from './rollout-dialog.tsx';

const EVERY_MS = 5_000;

type Result = { readonly variant: { readonly release: Release | null } | null };
type Props = { readonly variant: string; readonly onChange: () => void };

/** The launches that callers get now, and the actions that change this. */
export function ReleasePanel({ variant, onChange }: Props) {
  const release = useRegistry<Result>(RELEASE, { ref: variant }, EVERY_MS);
  const [action, setAction] = useState<RolloutAction>();
  const close = () => {
    setAction(undefined);
    release.reload();
    onChange();
  };
  return (
    <Show resource={release}>
      {({ variant: found }) =>
        found?.release == null ? null : (
          <section class="panel release" aria-label="Release">
            <Now release={found.release} variant={variant} onAction={setAction} />
            {found.release.comparison !== null && (
              <CanaryComparison release={found.release} comparison={found.release.comparison} />
            )}
            {action !== undefined && <RolloutDialog variant={variant} action={action} onClose={close} />}
          </section>
        )
      }
    </Show>
  );
}

type NowProps = {
  readonly release: Release;
  readonly variant: string;
  readonly onAction: (action: RolloutAction) => void;
};

function Now({ release, variant, onAction }: NowProps) {
  const { serving, canary, canaryPercent, canaryState, reason } = release;
  const isFirst = canary === null && serving.number === 1;
  const launchLink = (number: number) => (
    <a href={linkTo('publish', ['launches', String(number)], { variant })}>launch {number}</a>
  );
  return (
    <div class="release-now">
      <div>
        <p class="release-sentence">
          {canary === null ? (
            <>All callers get {launchLink(serving.number)}.</>
          ) : (
            <>
              {canaryPercent} % of the callers get {launchLink(canary.number)}, the others{' '}
              {launchLink(serving.number)}.{canaryState === 'PAUSED' && ' The canary is paused.'}
            </>
          )}
        </p>
        <p class="soft">{reason}</p>
      </div>
      <span class="commands">
        {canary !== null && (
          <>
            <button
              type="button"
              class="primary"
              onClick={() => onAction({ kind: 'promote', launch: canary.number })}
            >
              Promote
            </button>
            {canaryState === 'PAUSED' ? (
              <button type="button" onClick={() => onAction({ kind: 'resume' })}>
                Resume
              </button>
            ) : (
              <button type="button" onClick={() => onAction({ kind: 'pause' })}>
                Pause
              </button>
            )}
          </>
        )}
        <button
          type="button"
          class="danger"
          disabled={isFirst}
          title={isFirst ? 'There is no launch before this one.' : undefined}
          onClick={() => onAction({ kind: 'rollback' })}
        >
          Roll back
        </button>
      </span>
    </div>
  );
}
