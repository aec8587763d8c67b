import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { RouterError } from '../shared/errors.ts';
import type { ClientResponse } from '../request/client-request.ts';
import { readJsonBody } from '../http/read-body.ts';

/** Forces the breaker of a subgraph, or of one of its fields, into a state. */
export type BreakerCommand = {
  readonly subgraph: string;
  /**
   * Coordinate (`Type.field`) of a root field or of an entity's field; undefined for the breaker of the whole
   * subgraph.
   */
  readonly field?: string | undefined;
  readonly state: 'open' | 'closed' | 'auto';
};

/** Result of a command. `status` is the HTTP status; `reason` names the error and the valid values. */
export type CommandResult =
  | { readonly kind: 'applied' }
  | { readonly kind: 'rejected'; readonly status: number; readonly reason: string };

/** Applies a command to the breakers. In a pool of workers it is applied in all of them. */
export type ApplyCommand = (order: BreakerCommand) => CommandResult | Promise<CommandResult>;

const PREFIX = '/breakers/';
const MOST_BYTES = 10_000;

const commandBody = z.strictObject({
  state: z.enum(['open', 'closed', 'auto']),
  field: z
    .string()
    .regex(
      /^[_A-Za-z]\w{0,200}\.[_A-Za-z]\w{0,200}$/,
      'must be a coordinate such as Query.search or Product.price',
    )
    .optional(),
});

/**
 * Responds to `POST /breakers/SUBGRAPH` with the body `{"state":"open"}`. Returns undefined for other paths.
 */
export async function respondToCommand(
  request: IncomingMessage,
  apply: ApplyCommand,
): Promise<ClientResponse | undefined> {
  const subgraph = subgraphIn(request.url ?? '');
  if (subgraph === undefined) return undefined;
  if (request.method !== 'POST')
    return rejection(405, 'only POST is allowed for this path', { allow: 'POST' });
  try {
    const body = commandBody.safeParse(await readJsonBody(request, MOST_BYTES));
    if (!body.success) return rejection(400, z.prettifyError(body.error));
    const command = { subgraph, ...body.data };
    const result = await apply(command);
    return result.kind === 'applied' ? json(200, command) : rejection(result.status, result.reason);
  } catch (error) {
    if (error instanceof RouterError) return rejection(error.status, error.publicMessage, error.headers);
    throw error;
  }
}

function subgraphIn(path: string): string | undefined {
  if (!path.startsWith(PREFIX)) return undefined;
  try {
    return decodeURIComponent(path.slice(PREFIX.length));
  } catch {
    // A name with invalid percent-encoding is returned unchanged. No subgraph has such a name, so the
    // response is 404.
    return path.slice(PREFIX.length);
  }
}

function rejection(
  status: number,
  error: string,
  headers: Readonly<Record<string, string>> = {},
): ClientResponse {
  return json(status, { error }, headers);
}

function json(status: number, body: object, headers: Readonly<Record<string, string>> = {}): ClientResponse {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(body),
  };
}
