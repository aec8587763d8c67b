import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { RouterError } from '../shared/errors.ts';
import type { ClientResponse } from '../request/client-request.ts';
import { readJsonBody } from '../http/read-body.ts';

/** What an operator wants of the breaker of a subgraph, or of one of its fields. */
export type BreakerOrder = {
  readonly subgraph: string;
  /** `Type.field`, of a root or entity type. */
  readonly field?: string | undefined;
  readonly state: 'open' | 'closed' | 'auto';
};

/** What became of an order; `reason` says what would be right. */
export type Obedience =
  | { readonly kind: 'obeyed' }
  | { readonly kind: 'refused'; readonly status: number; readonly reason: string };

export type Obey = (order: BreakerOrder) => Obedience | Promise<Obedience>;

const PREFIX = '/breakers/';
const MOST_BYTES = 10_000;

const orderBody = z.strictObject({
  state: z.enum(['open', 'closed', 'auto']),
  field: z
    .string()
    .regex(/^[_A-Za-z]\w{0,200}\.[_A-Za-z]\w{0,200}$/, 'write it as Query.search or Product.price')
    .optional(),
});

/** Answers `POST /breakers/SUBGRAPH` with the body `{"state":"open"}`; undefined for other paths. */
export async function answerOrder(request: IncomingMessage, obey: Obey): Promise<ClientResponse | undefined> {
  const subgraph = subgraphIn(request.url ?? '');
  if (subgraph === undefined) return undefined;
  if (request.method !== 'POST') return refusal(405, 'only POST is known here', { allow: 'POST' });
  try {
    const body = orderBody.safeParse(await readJsonBody(request, MOST_BYTES));
    if (!body.success) return refusal(400, z.prettifyError(body.error));
    const order = { subgraph, ...body.data };
    const obedience = await obey(order);
    return obedience.kind === 'obeyed' ? json(200, order) : refusal(obedience.status, obedience.reason);
  } catch (error) {
    if (error instanceof RouterError) return refusal(error.status, error.publicMessage);
    throw error;
  }
}

function subgraphIn(path: string): string | undefined {
  if (!path.startsWith(PREFIX)) return undefined;
  try {
    return decodeURIComponent(path.slice(PREFIX.length));
  } catch {
    // A name is compared with what is known, and this one is no name.
    return path.slice(PREFIX.length);
  }
}

function refusal(status: number, error: string, headers: Record<string, string> = {}): ClientResponse {
  return json(status, { error }, headers);
}

function json(status: number, body: object, headers: Record<string, string> = {}): ClientResponse {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(body),
  };
}
