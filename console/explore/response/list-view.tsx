import { useState } from 'preact/hooks';
import { count } from '../../frame/format.ts';
import type { Degraded } from '../run/result.ts';
import type { ListTable } from './find-lists.ts';
import { sentenceOf } from './response-marks.ts';

const MAX_ROWS = 500;

/** A list of the response as a table. */
export function ListView({
  lists,
  degraded,
}: {
  readonly lists: readonly ListTable[];
  readonly degraded: readonly Degraded[];
}) {
  const [chosen, setChosen] = useState(0);
  const list = lists[chosen] ?? lists[0];
  if (list === undefined) return null;
  const problems = problemsOf(list, degraded);
  return (
    <div class="list-view" tabIndex={0} role="region" aria-label="Table">
      <div class="toolbar">
        <select
          aria-label="List"
          value={chosen}
          onChange={(event) => setChosen(Number(event.currentTarget.value))}
        >
          {lists.map(({ path, rows }, index) => (
            <option key={path.join('.')} value={index}>
              {path.join('.') || 'data'} ({rows.length})
            </option>
          ))}
        </select>
        {list.rows.length > MAX_ROWS && (
          <span class="soft">
            the first {MAX_ROWS} of {count(list.rows.length, 'row')}
          </span>
        )}
      </div>
      <table>
        <thead>
          <tr>
            {list.columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {list.rows.slice(0, MAX_ROWS).map((row, index) => (
            <tr key={index}>
              {list.columns.map((column) => (
                <Cell key={column} value={row[column]} problem={problems.get(column)} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell({ value, problem }: { readonly value: unknown; readonly problem: string | undefined }) {
  const isNumber = typeof value === 'number';
  return (
    <td class={`${isNumber ? 'number' : ''}${problem === undefined ? '' : ' cell-degraded'}`} title={problem}>
      {value === null || value === undefined ? (
        <span class="soft">{value === null ? 'null' : ''}</span>
      ) : (
        textOf(value)
      )}
      {problem !== undefined && value === null && <span class="label label-warn">missing</span>}
    </td>
  );
}

function textOf(value: unknown): string {
  if (Array.isArray(value))
    return value.every((item) => typeof item !== 'object') ? value.join(', ') : `${value.length} items`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Columns whose values are missing or replaced, with the reason. */
function problemsOf(list: ListTable, degraded: readonly Degraded[]): ReadonlyMap<string, string> {
  const prefix = list.path.join('.');
  return new Map(
    degraded.flatMap((entry) =>
      entry.paths
        .map((path) => path.join('.'))
        .filter((path) => prefix === '' || path.startsWith(`${prefix}.`))
        .map((path) => [path.slice(prefix === '' ? 0 : prefix.length + 1), sentenceOf(entry)] as const),
    ),
  );
}
