import { useMemo, useState } from 'preact/hooks';
import { Fact } from '../frame/fact.tsx';
import { Ago } from '../frame/ago.tsx';
import { linkTo } from '../frame/location.ts';
import { Empty, Show } from '../frame/states.tsx';
import { Subgraph } from '../frame/subgraph.tsx';
import { Differences } from '../schema/differences.tsx';
import { Findings } from './findings.tsx';
import { useRegistry } from './registry-client.ts';
import { LAUNCH } from './registry-types.ts';
import type { Launch } from './registry-types.ts';
import { ReleasePanel } from './release-panel.tsx';
import { RolloutDialog } from './rollout-dialog.tsx';
import { CheckLabel, LaunchLabel } from './status-labels.tsx';
import { changedSubgraphs } from './changed-subgraphs.ts';
import type { SubgraphChange } from './changed-subgraphs.ts';

type Result = { readonly variant: { readonly launch: Launch | null } | null };

/** One launch: its changes, its check, its rollout. */
export function LaunchPage({ variant, number }: { readonly variant: string; readonly number: number }) {
  const isNumber = Number.isInteger(number);
  const launch = useRegistry<Result>(LAUNCH, isNumber ? { ref: variant, number } : undefined, 10_000);
  const before = useRegistry<Result>(LAUNCH, number > 1 ? { ref: variant, number: number - 1 } : undefined);
  if (!isNumber) return <Empty title="A launch has a number" />;
  return (
    <Show resource={launch}>
      {({ variant: found }) =>
        found?.launch == null ? (
          <Empty title={`${variant} has no launch ${number}`} />
        ) : (
          <Details
            launch={found.launch}
            before={before.value?.variant?.launch ?? null}
            variant={variant}
            onChange={launch.reload}
          />
        )
      }
    </Show>
  );
}

type DetailsProps = {
  readonly launch: Launch;
  readonly before: Launch | null;
  readonly variant: string;
  readonly onChange: () => void;
};

function Details({ launch, before, variant, onChange }: DetailsProps) {
  const { number, status, cause, author, createdAt, reason, check, errors, hints } = launch;
  const isInCanary = status === 'CANARY' || status === 'PAUSED';
  return (
    <>
      {isInCanary && <ReleasePanel variant={variant} onChange={onChange} />}
      <article class="launch">
        <header class="card-head">
          <h2 class="launch-title">Launch {number}</h2>
          <LaunchLabel status={status} />
          <ServeButton launch={launch} variant={variant} onChange={onChange} />
        </header>
        <dl class="fact-list">
          <Fact name="Change">{cause}</Fact>
          <Fact name="When">
            <Ago time={createdAt} />
          </Fact>
          {author !== null && <Fact name="By">{author}</Fact>}
          {reason !== null && reason !== cause && <Fact name="Reason">{reason}</Fact>}
          {check !== null && (
            <Fact name="Check">
              <a href={linkTo('publish', ['checks', check.id], { variant })}>
                <CheckLabel status={check.status} />
              </a>
            </Fact>
          )}
          <Fact name="Subgraphs">
            {changedSubgraphs(launch, before).map((change) => (
              <Change key={change.name} change={change} />
            ))}
          </Fact>
        </dl>
        <Findings title="Errors" findings={errors} isBad />
        {launch.contracts.map(({ name, errors: own }) => (
          <Findings key={name} title={`Errors of contract ${name}`} findings={own} isBad />
        ))}
        <SchemaChanges launch={launch} before={before} />
        <Findings title="Hints" findings={hints} />
      </article>
    </>
  );
}

function Change({ change: { name, text, isChanged } }: { readonly change: SubgraphChange }) {
  return (
    <span>
      <Subgraph name={name} /> <span class={isChanged ? 'label label-warn' : 'soft'}>{text}</span>
    </span>
  );
}

function SchemaChanges({ launch, before }: Pick<DetailsProps, 'launch' | 'before'>) {
  const [from, to] = [before?.supergraph ?? null, launch.supergraph];
  const title = `Changes of the schema since launch ${launch.number - 1}`;
  if (from === null || to === null) return null;
  return (
    <section aria-label={title}>
      <h3>{title}</h3>
      <Differences before={from} after={to} />
    </section>
  );
}

/** A launch that composed and is not served may be served. */
function ServeButton({ launch, variant, onChange }: Omit<DetailsProps, 'before'>) {
  const [isOpen, setOpen] = useState(false);
  const action = useMemo(
    () => ({ kind: launch.status === 'COMPOSED' ? 'promote' : 'rollback', launch: launch.number }) as const,
    [launch],
  );
  if (!['COMPOSED', 'SUPERSEDED', 'ROLLED_BACK'].includes(launch.status)) return null;
  const close = () => {
    setOpen(false);
    onChange();
  };
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        {action.kind === 'promote' ? 'Serve this launch' : 'Roll back to this launch'}
      </button>
      {isOpen && <RolloutDialog variant={variant} action={action} onClose={close} />}
    </>
  );
}
