import { createStore } from '../../frame/store.ts';
import { readAll, replaceAll } from './database.ts';
import { variablesWithoutSecrets, withoutSecrets } from './secrets.ts';

export type Method = 'POST' | 'GET' | 'persisted';

export type Tab = {
  readonly id: string;
  readonly query: string;
  readonly variables: string;
  readonly method: Method;
  /** Empty for the default of the router. */
  readonly onError: '' | 'PROPAGATE' | 'NULL' | 'HALT';
  readonly clientName: string;
};

export type Workspace = { readonly tabs: readonly Tab[]; readonly active: string };

const SAVE_AFTER_MS = 400;
const EMPTY: Tab = newTab();

export const workspace = createStore<Workspace>({ tabs: [EMPTY], active: EMPTY.id });

function newTab(content: Partial<Tab> = {}): Tab {
  return {
    id: crypto.randomUUID(),
    query: '',
    variables: '',
    method: 'POST',
    onError: '',
    clientName: '',
    ...content,
  };
}

export function activeTab({ tabs, active }: Workspace): Tab {
  return tabs.find(({ id }) => id === active) ?? tabs[0] ?? EMPTY;
}

/** Changes the active tab. */
export function editTab(change: Partial<Tab>): void {
  workspace.set(({ tabs, active }) => ({
    active,
    tabs: tabs.map((tab) => (tab.id === active ? { ...tab, ...change } : tab)),
  }));
  saveSoon();
}

/** Opens an operation in the active tab if that one is empty, else in a new one. */
export function openTab(content: Partial<Tab>): void {
  const { tabs } = workspace.get();
  const same = tabs.find(
    ({ query, variables }) => query === content.query && variables === (content.variables ?? ''),
  );
  if (same !== undefined) return selectTab(same.id);
  if (activeTab(workspace.get()).query.trim() === '') return editTab(content);
  const tab = newTab(content);
  workspace.set(() => ({ tabs: [...tabs, tab], active: tab.id }));
  saveSoon();
}

export function addTab(): void {
  const tab = newTab();
  workspace.set(({ tabs }) => ({ tabs: [...tabs, tab], active: tab.id }));
}

export function selectTab(active: string): void {
  workspace.set((state) => ({ ...state, active }));
}

export function closeTab(id: string): void {
  workspace.set(({ tabs, active }) => {
    const index = tabs.findIndex((tab) => tab.id === id);
    const rest = tabs.filter((tab) => tab.id !== id);
    const left = rest.length === 0 ? [newTab()] : rest;
    const next = left[Math.max(0, index - 1)] ?? left[0];
    return { tabs: left, active: active === id ? (next?.id ?? '') : active };
  });
  sessionStorage.removeItem(headersKey(id));
  saveSoon();
}

/** Restores the tabs of the last visit. Returns whether there were any. */
export async function restoreTabs(): Promise<boolean> {
  const saved = await readAll<Tab & { readonly order: number }>('tabs');
  const tabs: readonly Tab[] = [...saved].sort((a, b) => a.order - b.order);
  const first = tabs[0];
  if (first === undefined) return false;
  workspace.set(() => ({ tabs, active: tabs.at(-1)?.id ?? first.id }));
  return true;
}

let timer: ReturnType<typeof setTimeout> | undefined;

function saveSoon(): void {
  clearTimeout(timer);
  timer = setTimeout(() => void save(), SAVE_AFTER_MS);
}

function save(): Promise<void> {
  const tabs = workspace.get().tabs.map((tab, order) => ({
    ...tab,
    order,
    query: withoutSecrets(tab.query),
    variables: variablesWithoutSecrets(tab.variables),
  }));
  return replaceAll('tabs', tabs);
}

/** Headers may contain credentials, so they are kept only as long as the browser's tab is open. */
export function headersOf(tabId: string): string {
  return sessionStorage.getItem(headersKey(tabId)) ?? '';
}

export function setHeaders(tabId: string, headers: string): void {
  sessionStorage.setItem(headersKey(tabId), headers);
}

function headersKey(tabId: string): string {
  return `tributary.headers.${tabId}`;
}
