import type { UsageResult } from '../../router/console/api-types.ts';
import type { Resource } from '../api/use-resource.ts';
import { Fact } from '../frame/fact.tsx';
import { Subgraph } from '../frame/subgraph.tsx';
import { Labels } from './label-list.tsx';
import { linkToCoordinate } from './links.ts';
import { MemberTable } from './member-table.tsx';
import type { EntityKey, IndexedType, SchemaIndex } from './schema-model.ts';

export type TypePageProps = {
  readonly index: SchemaIndex;
  readonly type: IndexedType;
  /** The type, or one of its fields, which is then open. */
  readonly coordinate: string;
  readonly usage: Resource<UsageResult>;
};

/** A type: its description, keys, and members. */
export function TypePage({ index, type, coordinate, usage }: TypePageProps) {
  return (
    <article class="type-page">
      <header class="type-head">
        <h2 class="type-name">
          <span class="soft">{type.kind}</span> <span class="mono">{type.name}</span>
        </h2>
        <Labels labels={type.labels} />
      </header>
      {type.description !== null && <p class="type-description">{type.description}</p>}
      <dl class="fact-list">
        {type.subgraphs.length > 0 && (
          <Fact name="Defined in">
            {type.subgraphs.map((name) => (
              <Subgraph key={name} name={name} />
            ))}
          </Fact>
        )}
        {type.keys.length > 0 && (
          <Fact name="Keys">
            {type.keys.map((key) => (
              <Key key={`${key.subgraph} ${key.fields}`} entityKey={key} />
            ))}
          </Fact>
        )}
        <Links name="Implements" coordinates={type.interfaces} />
        <Links name="Consists of" coordinates={type.types} />
        <Links name="Used by" coordinates={index.usedBy.get(type.name) ?? []} />
        {type.interfaceObjectIn.length > 0 && (
          <Fact name="Interface object in">{type.interfaceObjectIn.join(', ')}</Fact>
        )}
      </dl>
      <MemberTable index={index} type={type} coordinate={coordinate} usage={usage} />
    </article>
  );
}

function Key({ entityKey: { subgraph, fields, resolvable } }: { readonly entityKey: EntityKey }) {
  return (
    <span class="key">
      <Subgraph name={subgraph} /> <code>{fields}</code>
      {!resolvable && (
        <span class="soft" title="The subgraph refers to the entity, but does not resolve it by this key.">
          {' '}
          reference only
        </span>
      )}
    </span>
  );
}

const SHOWN_LINKS = 12;

function Links({ name, coordinates }: { readonly name: string; readonly coordinates: readonly string[] }) {
  if (coordinates.length === 0) return null;
  const shown = coordinates.slice(0, SHOWN_LINKS);
  const more = coordinates.length - shown.length;
  return (
    <Fact name={name}>
      {shown.map((coordinate) => (
        <a key={coordinate} class="mono" href={linkToCoordinate(coordinate)}>
          {coordinate}
        </a>
      ))}
      {more > 0 && <span class="soft">and {more} more</span>}
    </Fact>
  );
}
