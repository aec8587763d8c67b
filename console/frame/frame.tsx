import type { ComponentType } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Overview } from '../../router/console/api-types.ts';
import { useResource } from '../api/use-resource.ts';
import { Help } from './help.tsx';
import { titleOf, useLocation, VIEWS } from './location.ts';
import type { View } from './location.ts';
import { OverviewContext } from './overview.ts';
import { Palette } from './palette.tsx';
import { Rail } from './rail.tsx';
import { SchemaContext, useSchemaResource } from './schema-resource.ts';
import { Skeleton } from './states.tsx';
import { subgraphColours } from './subgraph-colours.ts';
import { SubgraphColours } from './subgraph.tsx';
import { TopBar } from './top-bar.tsx';
import { useShortcut } from './shortcuts.ts';

const OVERVIEW_EVERY_MS = 5_000;

/** Each view is a chunk of its own, loaded when it is first opened. */
const MODULES: Readonly<Record<View, () => Promise<ComponentType>>> = {
  explore: () => import('../explore/explore.tsx').then(({ Explore }) => Explore),
  schema: () => import('../schema/schema.tsx').then(({ Schema }) => Schema),
  operate: () => import('../operate/operate.tsx').then(({ Operate }) => Operate),
  publish: () => import('../publish/publish.tsx').then(({ Publish }) => Publish),
};

type Dialog = 'palette' | 'help' | undefined;

export function Frame() {
  const { view } = useLocation();
  const overview = useResource<Overview>('overview', OVERVIEW_EVERY_MS);
  const [dialog, setDialog] = useState<Dialog>();
  const close = () => setDialog(undefined);
  useShortcut('mod+k', () => setDialog('palette'));
  useShortcut('?', () => setDialog('help'));
  const schema = useSchemaResource(overview.value?.supergraph?.id);
  const colours = useMemo(
    () => subgraphColours(schema.value?.subgraphs.map(({ name }) => name) ?? []),
    [schema.value],
  );

  return (
    <OverviewContext.Provider value={overview}>
      <SchemaContext.Provider value={schema}>
        <SubgraphColours.Provider value={colours}>
          <div id="announcements" class="visually-hidden" aria-live="polite" />
          <a class="skip-link" href="#main" onClick={focusMain}>
            Skip to content
          </a>
          <div class="frame">
            <Rail view={view} />
            <TopBar onSearch={() => setDialog('palette')} onHelp={() => setDialog('help')} />
            <main id="main" class="view" tabIndex={-1}>
              <OpenViews view={view} />
            </main>
          </div>
          {dialog === 'palette' && <Palette onClose={close} />}
          {dialog === 'help' && <Help onClose={close} />}
        </SubgraphColours.Provider>
      </SchemaContext.Provider>
    </OverviewContext.Provider>
  );
}

/** The link of a location would be replaced by the plain fragment. */
function focusMain(event: Event): void {
  event.preventDefault();
  document.getElementById('main')?.focus();
}

/** Views that were opened stay mounted, so that going back finds them as they were left. */
function OpenViews({ view }: { readonly view: View }) {
  const [loaded, setLoaded] = useState<Partial<Record<View, ComponentType>>>({});
  useEffect(() => {
    document.title = `${titleOf(view)} · Tributary`;
    if (loaded[view] !== undefined) return;
    void MODULES[view]().then((module) => setLoaded((views) => ({ ...views, [view]: module })));
  }, [view]);
  return (
    <>
      {loaded[view] === undefined && <Skeleton rows={8} />}
      {VIEWS.map((name) => {
        const Module = loaded[name];
        return (
          Module && (
            <section key={name} class="view-content" hidden={name !== view} aria-label={titleOf(name)}>
              <Module />
            </section>
          )
        );
      })}
    </>
  );
}
