import { useMemo } from 'preact/hooks';
import type { SchemaResult } from '../../router/console/api-types.ts';
import { linkTo, useLocation } from '../frame/location.ts';
import { useSchema } from '../frame/schema-resource.ts';
import { Show } from '../frame/states.tsx';
import { Tabs } from '../frame/tabs.tsx';
import { ChangesPage } from './changes-page.tsx';
import { indexSdl } from './index-sdl.ts';
import { SdlPage } from './sdl-page.tsx';
import { TypesPage } from './types-page.tsx';

const PAGES = [
  { page: 'type', text: 'Types' },
  { page: 'changes', text: 'Changes' },
  { page: 'sdl', text: 'SDL' },
] as const;

/** The types of the graph, the differences between its versions, and its SDL. */
export function Schema() {
  const { view, segments } = useLocation();
  const schema = useSchema();
  if (view !== 'schema') return null;
  const isOpen = (page: string) => (segments[0] ?? 'type') === page;
  return (
    <div class="schema">
      <h1 class="visually-hidden">Schema</h1>
      <Tabs
        label="Schema"
        tabs={PAGES.map(({ page, text }) => ({
          text,
          link: linkTo('schema', page === 'type' ? [] : [page]),
          isOpen: isOpen(page),
        }))}
      />
      <Show resource={schema}>{(result) => <Pages result={result} segments={segments} />}</Show>
    </div>
  );
}

function Pages({
  result,
  segments,
}: {
  readonly result: SchemaResult;
  readonly segments: readonly string[];
}) {
  const index = useMemo(() => indexSdl(result.supergraph), [result.supergraph]);
  const [page = 'type', name = ''] = segments;
  switch (page) {
    case 'changes':
      return <ChangesPage result={result} />;
    case 'sdl':
      return <SdlPage result={result} document={name} />;
    default:
      return <TypesPage index={index} coordinate={name} />;
  }
}
