import type { RequestRecorder } from '../request/request-recorder.ts';
import { pathOf } from './critical-path.ts';
import { parallelFetches } from './path-steps.ts';
import { fetchNotes, routerNotes } from './step-notes.ts';

type Entry = { readonly name: string; ms: number; readonly notes: Set<string> };

/**
 * Maximum length of the header `Server-Timing` in characters. Entries with the shortest times are left out to
 * stay within it.
 */
const MAX_LENGTH = 1_024;
/** Maximum length in characters of the description of an entry in the `Server-Timing` header. */
const MAX_DESCRIPTION = 160;

/**
 * Returns the value of `Server-Timing` (https://www.w3.org/TR/server-timing/) for a finished request: the
 * total, then the shares of the critical path that the subgraphs and the router have, the largest first.
 * Example: `total;dur=54.1, order;dur=40.2, user;dur=10.8, router;dur=3.1`.
 */
export function serverTiming(recorder: RequestRecorder): string {
  const { totalMs } = recorder;
  let header = entryText({ name: 'total', ms: totalMs, notes: new Set() });
  for (const entry of entriesOf(recorder).sort((a, b) => b.ms - a.ms)) {
    const text = `, ${entryText(entry)}`;
    if (header.length + text.length > MAX_LENGTH) break;
    header += text;
  }
  return header;
}

function entriesOf(recorder: RequestRecorder): Entry[] {
  const path = pathOf(recorder);
  const notes = routerNotes(recorder, path, milliseconds);
  const router: Entry = { name: 'router', ms: path.routerUs / 1000, notes: new Set(notes) };
  const subgraphs = new Map<string, Entry>();
  const besideOf = parallelFetches(recorder, path);
  for (const step of path.fetches) {
    const { subgraph } = step.record;
    const entry = subgraphs.get(subgraph) ?? { name: tokenOf(subgraph), ms: 0, notes: new Set<string>() };
    const ms = (step.until - step.from) / 1000;
    entry.ms += ms;
    const described = fetchNotes(step.record, ms, { beside: besideOf(step), format: milliseconds });
    for (const note of described) entry.notes.add(note);
    subgraphs.set(subgraph, entry);
  }
  return [router, ...subgraphs.values()];
}

function entryText({ name, ms, notes }: Entry): string {
  const description = [...notes].join(', ').slice(0, MAX_DESCRIPTION);
  const desc = description === '' ? '' : `;desc=${quoted(description)}`;
  return `${name};dur=${Math.round(ms * 1000) / 1000}${desc}`;
}

function milliseconds(ms: number): string {
  return `${Math.round(ms)} ms`;
}

/**
 * Returns the name of a subgraph as a token (RFC 9110 section 5.6.2) that differs from `total` and `router`,
 * which have their own entries.
 */
function tokenOf(subgraph: string): string {
  const token = subgraph.replaceAll(/[^!#$%&'*+\-.^`|~\w]/g, '_');
  return /^(?:total|router)_*$/.test(token) ? `${token}_` : token;
}

/** Returns a text as a quoted string (RFC 9110 section 5.6.4) of printable ASCII characters. */
function quoted(text: string): string {
  return `"${text.replaceAll(/[^\u0020-\u007e]/g, '?').replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
