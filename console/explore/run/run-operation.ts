import { createStore } from '../../frame/store.ts';
import { login } from './login.ts';
import { VariablesError } from './parameters.ts';
import { httpRequest, parseHeaders, registrationRequest, sha256 } from './request.ts';
import type { HttpRequest, OperationRequest } from './request.ts';
import { parseBody } from './result.ts';
import type { Result } from './result.ts';
import { recordRun } from './runs.ts';
import { headersOf } from './workspace.ts';
import type { Tab } from './workspace.ts';

/** The state that the panes of a tab show. */
export type RunState = {
  readonly result: Result | undefined;
  /** Set while a request is in flight. */
  readonly running: { readonly since: number; readonly abort: () => void } | undefined;
  /** Reason why the last request has no response. The previous result stays. */
  readonly failure: string | undefined;
};

const NOTHING: RunState = { result: undefined, running: undefined, failure: undefined };

/** By id of the tab. */
const states = createStore<ReadonlyMap<string, RunState>>(new Map());
export const runStates = states;

export function stateOf(all: ReadonlyMap<string, RunState>, tabId: string): RunState {
  return all.get(tabId) ?? NOTHING;
}

function change(tabId: string, next: Partial<RunState>): void {
  states.set((all) => new Map([...all, [tabId, { ...stateOf(all, tabId), ...next }]]));
}

export type RunOptions = {
  readonly graphqlUrl: string;
  readonly operationName: string | undefined;
  readonly dryRun?: boolean;
};

/** Returns the request of a tab with its headers and the account that is logged in. */
export function requestOf(tab: Tab, options: RunOptions): OperationRequest {
  return { tab, ...options, headers: parseHeaders(headersOf(tab.id)), token: login.get()?.token };
}

/** Sends the operation of a tab. A run of the same tab that is still in flight is cancelled. */
export async function runOperation(tab: Tab, options: RunOptions): Promise<void> {
  cancelRun(tab.id);
  const controller = new AbortController();
  const startedAt = performance.now();
  change(tab.id, {
    running: { since: startedAt, abort: () => controller.abort() },
    failure: undefined,
  });
  try {
    const result = await send(requestOf(tab, options), controller.signal);
    if (controller.signal.aborted) return;
    change(tab.id, { result, running: undefined });
    if (!result.dryRun) recordRun(tab, result);
  } catch (error) {
    const failure = controller.signal.aborted
      ? `Cancelled after ${(performance.now() - startedAt).toFixed(0)} ms.`
      : sentenceOf(error);
    // A newer run of the tab has its own state.
    if (!controller.signal.aborted || stateOf(states.get(), tab.id).running?.since === startedAt)
      change(tab.id, { running: undefined, failure });
  }
}

export function cancelRun(tabId: string): void {
  stateOf(states.get(), tabId).running?.abort();
}

function sentenceOf(error: unknown): string {
  if (error instanceof VariablesError) return error.message;
  return 'Router unreachable. There was no response.';
}

async function send(request: OperationRequest, signal: AbortSignal): Promise<Result> {
  const { tab } = request;
  if (tab.method !== 'persisted') return exchange(request, httpRequest(request), signal);
  const hash = await sha256(tab.query);
  const first = await exchange(request, httpRequest(request, { hash }), signal);
  const unknown = first.body?.errors?.some(
    ({ extensions }) => extensions?.code === 'PERSISTED_QUERY_NOT_FOUND',
  );
  return unknown ? exchange(request, registrationRequest(request, hash), signal) : first;
}

async function exchange(request: OperationRequest, http: HttpRequest, signal: AbortSignal): Promise<Result> {
  const { tab } = request;
  const at = Date.now();
  const startedAt = performance.now();
  const response = await fetch(http.url, { ...http, signal, cache: 'no-store' });
  const text = await response.text();
  const ms = performance.now() - startedAt;
  return {
    id: response.headers.get('x-request-id') ?? crypto.randomUUID(),
    tabId: tab.id,
    at,
    query: tab.query,
    variables: variablesOf(tab.variables),
    operationName: request.operationName,
    status: response.status,
    headers: Object.fromEntries(response.headers),
    text,
    bytes: new TextEncoder().encode(text).length,
    ms,
    dryRun: request.dryRun === true,
    body: parseBody(text),
  };
}

/** The request was sent, so its variables are JSON. */
function variablesOf(text: string): Readonly<Record<string, unknown>> {
  const value: unknown = text.trim() === '' ? {} : JSON.parse(text);
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
