import { useMemo, useRef } from 'preact/hooks';
import type { UsageResult } from '../../router/console/api-types.ts';
import { useResource } from '../api/use-resource.ts';
import { setParameters, useLocation } from '../frame/location.ts';
import { useShortcut } from '../frame/shortcuts.ts';
import { Empty } from '../frame/states.tsx';
import { Subgraph } from '../frame/subgraph.tsx';
import { linkToCoordinate } from './links.ts';
import type { IndexedType, SchemaIndex } from './schema-model.ts';
import { createSchemaSearch } from './schema-search.ts';
import type { SearchHit } from './schema-search.ts';
import { TypePage } from './type-page.tsx';

const MAX_HITS = 200;

export function TypesPage({
  index,
  coordinate,
}: {
  readonly index: SchemaIndex;
  readonly coordinate: string;
}) {
  const { parameters } = useLocation();
  const usage = useResource<UsageResult>('usage');
  const [name = ''] = coordinate.split('.');
  const type = index.types.get(name === '' ? index.roots.query : name);
  return (
    <div class="schema-types">
      <TypeList
        index={index}
        search={parameters['search'] ?? ''}
        open={coordinate}
        hasOpen={coordinate !== ''}
      />
      <div class="schema-page">
        {type === undefined ? (
          <Empty title={`The schema has no type ${name}`}>
            It may be part of another version: see Changes.
          </Empty>
        ) : (
          <TypePage key={type.name} index={index} type={type} coordinate={coordinate} usage={usage} />
        )}
      </div>
    </div>
  );
}

type ListProps = {
  readonly index: SchemaIndex;
  readonly search: string;
  readonly open: string;
  readonly hasOpen: boolean;
};

function TypeList({ index, search, open, hasOpen }: ListProps) {
  const list = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  useShortcut('/', () => input.current?.focus());
  const find = useMemo(() => createSchemaSearch(index), [index]);
  const hits = useMemo(() => (search === '' ? null : find(search, MAX_HITS)), [find, search]);
  return (
    <div class={`schema-list ${hasOpen ? 'schema-list-closed' : ''}`}>
      <input
        ref={input}
        type="search"
        aria-label="Search types and fields"
        placeholder="Search types and fields  /"
        value={search}
        onInput={(event) => setParameters({ search: event.currentTarget.value })}
        onKeyDown={(event) => event.key === 'ArrowDown' && moveFocus(list.current, 1, event)}
      />
      <div ref={list} class="schema-hits" onKeyDown={(event) => onArrow(list.current, event)}>
        {hits === null ? (
          <AllTypes index={index} open={open} />
        ) : hits.length === 0 ? (
          <p class="schema-none soft">Nothing is named like this.</p>
        ) : (
          <ul aria-label="Results">
            {hits.map((hit) => (
              <Hit key={hit.coordinate} hit={hit} search={search} isOpen={hit.coordinate === open} />
            ))}
          </ul>
        )}
      </div>
    </div>
  );
}

const GROUPS = [
  { title: 'Roots', has: (type: IndexedType, roots: readonly string[]) => roots.includes(type.name) },
  { title: 'Entities', has: (type: IndexedType) => type.keys.length > 0 },
  { title: 'Types', has: (type: IndexedType) => type.kind === 'type' },
  {
    title: 'Interfaces and unions',
    has: ({ kind }: IndexedType) => kind === 'interface' || kind === 'union',
  },
  { title: 'Inputs', has: ({ kind }: IndexedType) => kind === 'input' },
  { title: 'Enums and scalars', has: () => true },
] as const;

function AllTypes({ index, open }: { readonly index: SchemaIndex; readonly open: string }) {
  const roots = Object.values(index.roots);
  const [openType = ''] = open.split('.');
  const groups = Map.groupBy(index.types.values(), (type) => GROUPS.findIndex(({ has }) => has(type, roots)));
  return (
    <>
      {GROUPS.map(({ title }, group) => {
        const types = groups.get(group);
        return (
          types && (
            <section key={title}>
              <h2 class="schema-group">
                {title} <span class="soft number">{types.length}</span>
              </h2>
              <ul>
                {types.map((type) => (
                  <li key={type.name}>
                    <a
                      class="schema-hit"
                      href={linkToCoordinate(type.name)}
                      aria-current={type.name === openType ? 'true' : undefined}
                    >
                      <span class="mono schema-hit-name">{type.name}</span>
                      <Owners names={type.subgraphs} />
                    </a>
                  </li>
                ))}
              </ul>
            </section>
          )
        );
      })}
    </>
  );
}

function Hit({
  hit,
  search,
  isOpen,
}: {
  readonly hit: SearchHit;
  readonly search: string;
  readonly isOpen: boolean;
}) {
  return (
    <li>
      <a
        class="schema-hit"
        href={`${linkToCoordinate(hit.coordinate)}?search=${encodeURIComponent(search)}`}
        aria-current={isOpen ? 'true' : undefined}
      >
        <span class="mono schema-hit-name">
          {hit.member === null ? hit.type : <span class="soft">{`${hit.type}.`}</span>}
          {hit.member}
        </span>
        <Owners names={hit.subgraphs} />
      </a>
    </li>
  );
}

/** Colours of the subgraphs of a type; their names are for screen readers and appear on hover. */
function Owners({ names }: { readonly names: readonly string[] }) {
  return (
    <span class="owners" title={names.join(', ')}>
      {names.map((name) => (
        <Subgraph key={name} name={name} />
      ))}
    </span>
  );
}

function onArrow(list: HTMLElement | null, event: KeyboardEvent): void {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step !== undefined) moveFocus(list, step, event);
}

function moveFocus(list: HTMLElement | null, by: number, event: Event): void {
  const links = [...(list?.querySelectorAll('a') ?? [])];
  const current = links.findIndex((link) => link === document.activeElement);
  links[current + by]?.focus();
  event.preventDefault();
}
