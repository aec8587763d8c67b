import { useState } from 'preact/hooks';
import { Empty, Show } from '../frame/states.tsx';
import { linkTo, setParameters, useLocation } from '../frame/location.ts';
import { useOverview } from '../frame/overview.ts';
import { Tabs } from '../frame/tabs.tsx';
import { CheckPage } from './check-page.tsx';
import { ChecksPage } from './checks-page.tsx';
import { KeyDialog } from './key-dialog.tsx';
import { LaunchPage } from './launch-page.tsx';
import { LaunchesPage } from './launches-page.tsx';
import { registryKey, useRegistry } from './registry-client.ts';
import { VARIANTS } from './registry-types.ts';
import { RoutersPage } from './routers-page.tsx';
import { UsagePage } from './usage-page.tsx';

const PAGES = [
  { page: 'launches', text: 'Launches' },
  { page: 'checks', text: 'Checks' },
  { page: 'usage', text: 'Usage' },
  { page: 'routers', text: 'Routers' },
] as const;

type Variants = { readonly graphs: readonly { readonly variants: readonly { readonly ref: string }[] }[] };

/** Launches, checks, rollouts and recorded usage of the registry that the router follows. */
export function Publish() {
  const { view, segments, parameters } = useLocation();
  const overview = useOverview().value;
  const isOpen = view === 'publish' && overview?.registry === true;
  const variants = useRegistry<Variants>(VARIANTS, isOpen ? {} : undefined);
  if (view !== 'publish' || overview === undefined) return null;
  if (!overview.registry) return <NoRegistry />;
  const variant = parameters['variant'] ?? overview.graph ?? '';
  const [page = 'launches', id] = segments;
  return (
    <div class="publish">
      <h1 class="visually-hidden">Publish</h1>
      <div class="publish-bar">
        <Tabs
          label="Publish"
          tabs={PAGES.map(({ page: name, text }) => ({
            text,
            link: linkTo('publish', name === 'launches' ? [] : [name], { variant: parameters['variant'] }),
            isOpen: page === name,
          }))}
        />
        <VariantChoice variants={variantsIn(variants.value, variant)} value={variant} />
        <KeyButton onChange={variants.reload} />
      </div>
      <div class="publish-page">
        <Show resource={variants}>{() => <Page page={page} id={id} variant={variant} />}</Show>
      </div>
    </div>
  );
}

function NoRegistry() {
  return (
    <Empty title="The router follows no registry">
      Set <code>supergraph.registry</code> in router.yaml, or start one with <code>tributary registry</code>.
      Launches, checks and usage appear here then.
    </Empty>
  );
}

type PageProps = { readonly page: string; readonly id: string | undefined; readonly variant: string };

function Page({ page, id, variant }: PageProps) {
  switch (page) {
    case 'checks':
      return id === undefined ? <ChecksPage variant={variant} /> : <CheckPage id={id} />;
    case 'usage':
      return <UsagePage variant={variant} />;
    case 'routers':
      return <RoutersPage variant={variant} />;
    default:
      return id === undefined ? (
        <LaunchesPage variant={variant} />
      ) : (
        <LaunchPage variant={variant} number={Number(id)} />
      );
  }
}

function variantsIn(value: Variants | undefined, variant: string): readonly string[] {
  const all = (value?.graphs ?? []).flatMap(({ variants }) => variants.map(({ ref }) => ref));
  return all.includes(variant) ? all : [variant, ...all];
}

function VariantChoice({
  variants,
  value,
}: {
  readonly variants: readonly string[];
  readonly value: string;
}) {
  return (
    <select
      class="variant-choice"
      aria-label="Variant"
      value={value}
      onChange={(event) => setParameters({ variant: event.currentTarget.value })}
    >
      {variants.map((ref) => (
        <option key={ref} value={ref}>
          {ref}
        </option>
      ))}
    </select>
  );
}

function KeyButton({ onChange }: { readonly onChange: () => void }) {
  const [isOpen, setOpen] = useState(false);
  const close = () => {
    setOpen(false);
    onChange();
  };
  return (
    <>
      <button type="button" onClick={() => setOpen(true)}>
        {registryKey() === '' ? 'Use my API key' : 'My API key ✓'}
      </button>
      {isOpen && <KeyDialog onClose={close} />}
    </>
  );
}
