import type { RequestTrace } from '../../../router/request/request-trace.ts';

/** One response, as the four panes show it. */
export type Result = {
  readonly id: string;
  readonly tabId: string;
  readonly at: number;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly operationName: string | undefined;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The body as it arrived. */
  readonly text: string;
  readonly bytes: number;
  /** Duration as the browser measured it. */
  readonly ms: number;
  readonly dryRun: boolean;
  readonly body: ResponseBody | undefined;
};

export type ResponseBody = {
  readonly data?: unknown;
  readonly errors?: readonly ResponseError[];
  readonly extensions?: Extensions;
};

export type ResponseError = {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  readonly locations?: readonly { readonly line: number; readonly column: number }[];
  readonly extensions?: { readonly code?: string; readonly service?: string; readonly requestId?: string };
};

export type Extensions = {
  readonly degraded?: readonly Degraded[];
  readonly trace?: RequestTrace;
  readonly apolloQueryPlan?: { readonly object: unknown; readonly text: string };
  readonly tributaryPlan?: ExplainedPlan;
  readonly cost?: { readonly requested?: number; readonly actual?: number; readonly remaining?: number };
};

export type Degraded = {
  readonly service: string;
  readonly reason: string;
  readonly source: 'null' | 'fallback' | 'stale';
  readonly retryAfterMs?: number;
  readonly breaker?: string;
  readonly ageMs?: number;
  readonly paths: readonly (readonly string[])[];
};

export type ExplainedPlan = {
  /** Estimated cost in points. */
  readonly cost: number | null;
  readonly calls: number;
  /** Number of calls by the name of the subgraph. */
  readonly subgraphs: Readonly<Record<string, number>>;
  readonly estimatedMs: number | null;
  readonly fetches: readonly PlannedFetch[];
};

export type PlannedFetch = {
  readonly id: number;
  readonly subgraph: string;
  readonly path: readonly string[];
  readonly dependsOn: readonly number[];
  /** Id of the fetch in whose request this one is sent. */
  readonly sentWith?: number | null;
  readonly operation: string;
  /** Selection set of the representations. */
  readonly requires?: string | null;
  readonly entities?: number | null;
};

/** Keys of `extensions` that the console has requested, and that other panes show. */
export const OWN_EXTENSIONS = ['trace', 'apolloQueryPlan', 'queryPlan', 'tributaryPlan', 'cost'];

/** Reads a body. Numbers that JavaScript cannot represent stay as they are written, as text. */
export function parseBody(text: string): ResponseBody | undefined {
  try {
    const body: unknown = JSON.parse(text, exactNumber);
    return typeof body === 'object' && body !== null ? body : undefined;
  } catch {
    return undefined;
  }
}

function exactNumber(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value;
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? context.source : value;
}

/** Codes of all errors, each once. */
export function codesOf({ body }: Result): readonly string[] {
  return [...new Set(body?.errors?.map(({ extensions }) => extensions?.code ?? 'ERROR') ?? [])];
}
