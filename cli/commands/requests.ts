import { z } from 'zod';
import { codeOrMessageOf } from '../../router/shared/error-message.ts';
import { MisuseError } from '../command-spec.ts';
import { CommandError, FORMAT_OPTION } from '../outcome.ts';
import type { Outcome } from '../outcome.ts';
import { table } from '../registry/columns.ts';
import { traceLines } from '../requests/trace-text.ts';
import { defineVerb } from '../verb.ts';

const TOKEN_VARIABLE = 'TRIBUTARY_CONSOLE_TOKEN';
const TIMEOUT_MS = 10_000;

const recentRequest = z.looseObject({
  id: z.string(),
  at: z.string(),
  kind: z.string(),
  ms: z.number(),
  operation: z.string().nullable(),
  codes: z.array(z.string()),
  degraded: z.array(z.string()),
  sentence: z.string(),
});
const listSchema = z.looseObject({ requests: z.array(recentRequest) });
const requestSchema = recentRequest.extend({
  trace: z.looseObject({
    totalMs: z.number(),
    sentence: z.string(),
    fetches: z.array(
      z.looseObject({
        id: z.int(),
        subgraph: z.string(),
        path: z.array(z.string()),
        startMs: z.number(),
        endMs: z.number(),
        outcome: z.string(),
        attempts: z.int(),
        joined: z.string().nullable(),
        sharedWith: z.int().nullable(),
        source: z.string(),
      }),
    ),
  }),
});
const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

export const requests = defineVerb(
  {
    name: 'requests',
    summary: 'Lists the recent slow, failed and degraded requests of a running router, or shows one of them.',
    positionals: {
      name: '[ID]',
      max: 1,
      description: 'Id of the request (x-request-id): shows its fetches on a time axis.',
    },
    examples: [
      'tributary requests --admin http://127.0.0.1:9090 --kind slow',
      'tributary requests --admin http://127.0.0.1:9090 req-1',
    ],
    options: {
      admin: {
        type: 'string',
        value: 'URL',
        required: true,
        description: `Admin port of the router. If its console requires a role, set ${TOKEN_VARIABLE} to an access token.`,
      },
      kind: {
        type: 'string',
        value: 'KIND',
        choices: ['slow', 'failed', 'degraded', 'sampled'],
        description: 'List only requests of this kind.',
      },
      format: FORMAT_OPTION,
    },
  },
  async ({ values: { admin, kind }, positionals: [id] }): Promise<Outcome> => {
    if (id !== undefined && kind !== undefined) throw new MisuseError('--kind cannot be used with an ID');
    const base = URL.parse(admin);
    if (base === null || !/^https?:$/.test(base.protocol)) throw new MisuseError('--admin must be a URL');
    if (id === undefined) {
      const path = `requests${kind === undefined ? '' : `?kind=${kind}`}`;
      const { requests: found } = await get(base, path, listSchema);
      return { kind: 'success', plain: listText(found), data: { requests: found } };
    }
    const request = await get(base, `requests/${encodeURIComponent(id)}`, requestSchema);
    return { kind: 'success', plain: requestText(request), data: { request } };
  },
);

function listText(found: z.output<typeof listSchema>['requests']): string {
  if (found.length === 0) return 'no recent requests\n';
  const rows = found.map(({ id, at, kind, operation, codes, sentence }) => [
    at,
    kind,
    id,
    operation ?? '',
    [sentence, ...codes].join(', '),
  ]);
  return table(['TIME', 'KIND', 'ID', 'OPERATION', 'TIMES'], rows);
}

function requestText({ id, at, kind, operation, codes, degraded, trace }: z.output<typeof requestSchema>) {
  const facts = [kind, operation, ...codes, ...degraded.map((name) => `without ${name}`), at];
  const lines = [`${id}: ${facts.filter(Boolean).join(', ')}`, trace.sentence, '', ...traceLines(trace)];
  return `${lines.join('\n').trimEnd()}\n`;
}

async function get<Data>(base: URL, path: string, schema: z.ZodType<Data>): Promise<Data> {
  const token = process.env[TOKEN_VARIABLE];
  const body = await read(new URL(`/console/api/${path}`, base), {
    headers: token === undefined ? {} : { 'tributary-console-token': token },
    // The token is for this router only.
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const failed = errorSchema.safeParse(body);
  if (failed.success) throw new CommandError(failed.data.error.code, failed.data.error.message);
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new CommandError('ROUTER_RESPONSE_INVALID', `${base.origin} is not the admin port of a router`);
}

async function read(url: URL, init: RequestInit): Promise<unknown> {
  try {
    return await (await fetch(url, init)).json();
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw new CommandError('ROUTER_UNREACHABLE', `${url.origin}: ${codeOrMessageOf(error)}`, {
      cause: error,
    });
  }
}
