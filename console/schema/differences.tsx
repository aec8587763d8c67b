import { useMemo } from 'preact/hooks';
import { Empty } from '../frame/states.tsx';
import { indexSdl } from './index-sdl.ts';
import { linkToCoordinate } from './links.ts';
import { compareSchemas, countDifferences } from './schema-diff.ts';
import type { SchemaDifference, TypeDifference } from './schema-diff.ts';

/** The differences between two supergraphs, by type. */
export function Differences({ before, after }: { readonly before: string; readonly after: string }) {
  const types = useMemo(() => compareSchemas(indexSdl(before), indexSdl(after)), [before, after]);
  if (types.length === 0) return <Empty title="No element of the schema differs" />;
  const { added, removed, changed } = countDifferences(types);
  return (
    <>
      <p class="changes-sum" role="status">
        {`${added} added, ${removed} removed, ${changed} changed`}
      </p>
      <ul class="differences">
        {types.map((type) => (
          <TypeDifferences key={type.type} type={type} />
        ))}
      </ul>
    </>
  );
}

const SIGNS = { added: '+', removed: '−', changed: '~' } as const;

function TypeDifferences({ type: { type, change, differences } }: { readonly type: TypeDifference }) {
  return (
    <li>
      <h2 class={change === 'changed' ? 'mono' : 'visually-hidden'}>{type}</h2>
      <ul>
        {differences.map((difference) => (
          <Difference key={difference.coordinate} difference={difference} />
        ))}
      </ul>
    </li>
  );
}

function Difference({
  difference: { coordinate, change, details },
}: {
  readonly difference: SchemaDifference;
}) {
  return (
    <li class={`difference difference-${change}`}>
      <span class="difference-sign mono" aria-hidden="true">
        {SIGNS[change]}
      </span>
      <span>
        <span class="visually-hidden">{change} </span>
        {!coordinate.includes('.') && change !== 'changed' && <span class="soft">type </span>}
        {change === 'removed' ? (
          <code>{coordinate}</code>
        ) : (
          <a class="mono" href={linkToCoordinate(coordinate)}>
            {coordinate}
          </a>
        )}
        {details.map((detail) => (
          <span key={detail} class="difference-detail">
            {detail}
          </span>
        ))}
      </span>
    </li>
  );
}
