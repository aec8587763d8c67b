import { useSyncExternalStore } from 'preact/compat';

export const VIEWS = ['explore', 'schema', 'operate', 'publish'] as const;

export type View = (typeof VIEWS)[number];

export function titleOf(view: View): string {
  return `${view.charAt(0).toUpperCase()}${view.slice(1)}`;
}

/**
 * Location within the console: `#/VIEW/SEGMENT…?PARAMETER=…`. It is kept in the fragment, which browsers do
 * not send, so operations and variables of a link reach no access log, and the page works below any path.
 */
export type Location = {
  readonly view: View;
  readonly segments: readonly string[];
  readonly parameters: Readonly<Record<string, string>>;
};

export function readLocation(hash: string): Location {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [view = '', ...segments] = path.split('/').filter(Boolean).map(decoded);
  return {
    view: VIEWS.find((name) => name === view) ?? 'explore',
    segments,
    parameters: Object.fromEntries(new URLSearchParams(query)),
  };
}

/** A segment that is not percent-encoded correctly stays as it is. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Returns a link inside the console. Parameters that are undefined or empty are left out. */
export function linkTo(
  view: View,
  segments: readonly string[] = [],
  parameters: Readonly<Record<string, string | undefined>> = {},
): string {
  const set = Object.entries(parameters).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const query = new URLSearchParams(set).toString();
  return `#/${[view, ...segments].map(encodeURIComponent).join('/')}${query === '' ? '' : `?${query}`}`;
}

/** Goes to a link of `linkTo`; `replace` leaves no entry in the browser's history. */
export function navigate(link: string, { replace = false } = {}): void {
  if (link === window.location.hash) return;
  if (replace) history.replaceState(history.state, '', link);
  else history.pushState(null, '', link);
  window.dispatchEvent(new Event('hashchange'));
}

/** Changes parameters of the present location, without an entry in the browser's history. */
export function setParameters(changes: Readonly<Record<string, string | undefined>>): void {
  const { view, segments, parameters } = readLocation(window.location.hash);
  navigate(linkTo(view, segments, { ...parameters, ...changes }), { replace: true });
}

export function useLocation(): Location {
  const hash = useSyncExternalStore(subscribe, () => window.location.hash);
  return readLocation(hash);
}

function subscribe(listener: () => void): () => void {
  window.addEventListener('hashchange', listener);
  window.addEventListener('popstate', listener);
  return () => {
    window.removeEventListener('hashchange', listener);
    window.removeEventListener('popstate', listener);
  };
}
