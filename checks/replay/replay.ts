import { Kind, OperationTypeNode, getOperationAST, parse, print, separateOperations } from 'graphql';
import type { OperationDefinitionNode } from 'graphql';
import { messageOf } from '../../router/shared/error-message.ts';
import type { RecordedOperation } from '../recorded-operation.ts';
import type { ReplayReport } from '../report.ts';
import { totalCalls } from '../select-operations.ts';
import { compareResponses, parseResponse } from './compare-responses.ts';
import { SERVING_ROUTER } from './compared-nothing.ts';
import type { Difference, GraphQLBody } from './compare-responses.ts';

export type Replay = {
  /** URL of the router that serves clients. */
  readonly serving: string;
  /** URL of the router with the change. */
  readonly candidate: string;
  readonly operations: readonly RecordedOperation[];
  /** Headers of both requests. Requests have no credentials unless they are here. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Number of operations that are sent at the same time. */
  readonly concurrency?: number;
  /** Milliseconds for one response. */
  readonly timeoutMs?: number;
  /** Milliseconds after which no further operation is sent. */
  readonly limitMs?: number;
};

/** The name by which routers record the requests, so that checks can leave them out. */
const REPLAY_CLIENT = 'tributary-replay';

const DEFAULTS = { headers: {}, concurrency: 4, timeoutMs: 10_000, limitMs: 60_000 };
/** Differences of one operation that the report lists. */
const MAX_DIFFERENCES = 20;

type Request = { readonly id: string; readonly body: string };

/** The comparison of the responses to one request. */
type Result =
  | { readonly kind: 'equal' }
  | { readonly kind: 'different'; readonly differences: readonly Difference[] }
  | { readonly kind: 'skipped'; readonly reason: string };

/**
 * Sends queries to two routers and compares the responses. Mutations and subscriptions are never sent, and
 * queries with variables only with those that were recorded. A path at which the serving router differs from
 * itself is not compared.
 */
export async function replay(options: Replay, monotonic: () => number): Promise<ReplayReport> {
  const settings = { ...DEFAULTS, ...options };
  const endsAt = monotonic() + settings.limitMs;
  const skipped: { id: string; reason: string }[] = [];
  const different: { id: string; path: string; before: unknown; after: unknown }[] = [];
  const counts = { sent: 0, equal: 0 };
  const requests = requestsOf(options.operations, skipped);
  const waiting = requests.values();
  const send = async () => {
    for (const { id, body } of waiting) {
      const result = monotonic() < endsAt ? await replayOne(body, settings) : TOO_LATE;
      if (result.kind === 'skipped') {
        skipped.push({ id, reason: result.reason });
        continue;
      }
      counts.sent += 1;
      if (result.kind === 'equal') counts.equal += 1;
      else different.push(...result.differences.map((difference) => ({ id, ...difference })));
    }
  };
  await Promise.all(Array.from({ length: settings.concurrency }, send));
  return { ...counts, different, skipped };
}

const TOO_LATE: Result = { kind: 'skipped', reason: 'the time for the replay was over' };

/** Returns the requests to send, those of operations with many calls first. */
function requestsOf(
  operations: readonly RecordedOperation[],
  skipped: { id: string; reason: string }[],
): readonly Request[] {
  const callsOf = ({ clients = [] }: RecordedOperation) => totalCalls(clients) ?? 0;
  return operations
    .toSorted((a, b) => callsOf(b) - callsOf(a))
    .flatMap((recorded) => {
      const { id, variables: samples = [] } = recorded;
      const executed = executedPart(recorded);
      const reason = executed === undefined ? 'it is no valid document' : unfitness(executed, samples);
      if (executed === undefined || reason !== undefined) {
        skipped.push({ id, reason: reason ?? '' });
        return [];
      }
      const { query, operation } = executed;
      const name = operation.name?.value;
      const all = samples.length > 0 ? samples : [{}];
      return all.map((variables) => ({
        id,
        body: JSON.stringify({ query, variables, ...(name !== undefined && { operationName: name }) }),
      }));
    });
}

/** The operation that is executed, and a document without the others: they may be mutations. */
type Executed = { readonly query: string; readonly operation: OperationDefinitionNode };

function executedPart({ body, name }: RecordedOperation): Executed | undefined {
  try {
    const document = parse(body, { noLocation: true });
    const operation = getOperationAST(document, name);
    if (!operation) return undefined;
    const separated = separateOperations(document);
    if (Object.keys(separated).length === 1) return { query: body, operation };
    const own = separated[operation.name?.value ?? ''];
    return own && { query: print(own), operation };
  } catch {
    return undefined;
  }
}

/** Returns why an operation must not be sent, or cannot. */
function unfitness(
  { operation: { operation, variableDefinitions = [] } }: Executed,
  samples: readonly unknown[],
): string | undefined {
  if (operation !== OperationTypeNode.QUERY) return `it is a ${operation}`;
  const required = variableDefinitions.some(
    ({ type, defaultValue }) => type.kind === Kind.NON_NULL_TYPE && defaultValue === undefined,
  );
  return required && samples.length === 0 ? 'it needs variables, and none were recorded' : undefined;
}

type Settings = typeof DEFAULTS & Replay;

async function replayOne(body: string, settings: Settings): Promise<Result> {
  const { serving, candidate } = settings;
  const [before, after] = await Promise.all([
    request(serving, body, settings),
    request(candidate, body, settings),
  ]);
  if (typeof before === 'string') return { kind: 'skipped', reason: `${SERVING_ROUTER}: ${before}` };
  if (before.data === undefined)
    return { kind: 'skipped', reason: `${SERVING_ROUTER} rejects the operation` };
  if (typeof after === 'string')
    return { kind: 'different', differences: [{ path: '', before: 'a response', after }] };
  const differences = compareResponses(before, after);
  if (differences.length === 0) return { kind: 'equal' };
  const again = await request(serving, body, settings);
  if (typeof again === 'string') return { kind: 'skipped', reason: `${SERVING_ROUTER}: ${again}` };
  const unstable = compareResponses(before, again).map(({ path }) => path);
  const stable = differences.filter(({ path }) => !unstable.some((other) => overlap(path, other)));
  if (stable.length === 0)
    return { kind: 'skipped', reason: 'two responses of the serving router differ at the same paths' };
  return { kind: 'different', differences: stable.slice(0, MAX_DIFFERENCES) };
}

function overlap(one: string, other: string): boolean {
  return one === other || one.startsWith(`${other}.`) || other.startsWith(`${one}.`);
}

/** Returns the response, or why there is none. */
async function request(
  url: string,
  body: string,
  { headers, timeoutMs }: Settings,
): Promise<GraphQLBody | string> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'apollographql-client-name': REPLAY_CLIENT,
        accept: 'application/graphql-response+json, application/json',
        ...headers,
        'content-type': 'application/json',
      },
      body,
      // A redirect would send the headers to another host.
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    return parseResponse(await response.text()) ?? `no GraphQL response, but HTTP status ${response.status}`;
  } catch (error) {
    return `no response (${messageOf(error)})`;
  }
}
