import { formatAge } from '../../frame/format.ts';
import type { Degraded, ResponseBody, ResponseError } from '../run/result.ts';
import { pathKey } from './format-json.ts';
import type { FormattedJson, Path, Place } from './format-json.ts';

/** A note beside a place of the response. */
export type Mark = {
  readonly place: Place;
  readonly text: string;
  readonly kind: 'missing' | 'stale' | 'fallback';
};

const MAX_MARKS = 500;

/** Returns the notes for the places whose data is missing or replaced, in the order of the text. */
export function responseMarks(body: ResponseBody | undefined, json: FormattedJson): readonly Mark[] {
  const degraded = (body?.extensions?.degraded ?? []).flatMap((entry) => degradedMarks(entry, json));
  const marked = new Set(degraded.map(({ place }) => place.from));
  const errors = (body?.errors ?? [])
    .map((error) => errorMark(error, json))
    .filter((mark) => mark !== undefined)
    .filter(({ place }) => !marked.has(place.from));
  return [...degraded, ...errors].sort((a, b) => a.place.from - b.place.from).slice(0, MAX_MARKS);
}

/** Paths of `extensions.degraded` have no list indices, so one path can be at many places. */
function degradedMarks(entry: Degraded, json: FormattedJson): readonly Mark[] {
  const wanted = new Set(entry.paths.map((path) => pathKey(['data', ...path])));
  const found = [...json.places].filter(([key]) => wanted.has(withoutIndices(key)));
  return found.map(([, place]) => ({ place, text: sentenceOf(entry), kind: kindOf(entry.source) }));
}

function withoutIndices(key: string): string {
  return key
    .split('\u0000')
    .filter((part) => !/^\d+$/.test(part))
    .join('\u0000');
}

function kindOf(source: Degraded['source']): Mark['kind'] {
  return source === 'null' ? 'missing' : source;
}

/** Such as `inventory: SUBGRAPH_TIMEOUT, stale value, 34 s old`. */
export function sentenceOf({ service, reason, source, ageMs }: Degraded): string {
  const instead = { null: 'missing', fallback: 'fallback value', stale: 'stale value' }[source];
  return `${service}: ${reason}, ${instead}${ageMs === undefined ? '' : `, ${formatAge(ageMs)} old`}`;
}

function errorMark({ path, extensions }: ResponseError, json: FormattedJson): Mark | undefined {
  if (path === undefined) return undefined;
  const place = placeOf(['data', ...path], json);
  if (place === undefined) return undefined;
  const code = extensions?.code ?? 'ERROR';
  const text = extensions?.service === undefined ? code : `${extensions.service}: ${code}`;
  return { place, text, kind: 'missing' };
}

/**
 * Returns the place of a path, or of the nearest value above it: null may have propagated. A path without
 * list indices leads to the first of its places.
 */
export function placeOf(path: Path, json: FormattedJson): Place | undefined {
  const wanted = pathKey(path);
  const exact =
    json.places.get(wanted) ?? [...json.places].find(([key]) => withoutIndices(key) === wanted)?.[1];
  if (exact !== undefined) return exact;
  for (let length = path.length; length > 0; length--) {
    const place = json.places.get(pathKey(path.slice(0, length)));
    if (place !== undefined) return place;
  }
  return undefined;
}

/** Equal errors at different places. */
export type ErrorGroup = { readonly error: ResponseError; readonly count: number };

/** Joins errors with the same code, service and message, so that a failed list is one line. */
export function groupErrors(errors: readonly ResponseError[]): readonly ErrorGroup[] {
  const groups = Map.groupBy(errors, ({ message, extensions }) =>
    JSON.stringify([message, extensions?.code, extensions?.service]),
  );
  return [...groups.values()].flatMap(([error, ...others]) =>
    error === undefined ? [] : [{ error, count: others.length + 1 }],
  );
}
