import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { RouterError } from '../shared/errors.ts';
import type { ClientResponse } from '../request/client-request.ts';
import { readJsonBody } from '../http/read-body.ts';
import { pathOf } from '../http/request-path.ts';

/**
 * Command of an operator that forces the circuit breaker of a subgraph, or of one of its fields, into a
 * state.
 */
export type BreakerCommand = {
  readonly subgraph: string;
  /**
   * Coordinate (`Type.field`) of a root field or of an entity's field; undefined for the breaker of the whole
   * subgraph.
   */
  readonly field?: string | undefined;
  readonly state: 'open' | 'closed' | 'auto';
};

/**
 * Result of an operator's command to a circuit breaker. `status` is the HTTP status of the response; `reason`
 * names the error and the valid values.
 */
export type CommandResult =
  | { readonly kind: 'applied' }
  | { readonly kind: 'rejected'; readonly status: number; readonly reason: string };

/** Applies a command to the circuit breakers of all worker processes of the router. */
export type ApplyCommand = (order: BreakerCommand) => CommandResult | Promise<CommandResult>;

/**
 * Records a command that an operator has sent to a circuit breaker, in the audit log and in the console's
 * history.
 */
export type Audit = (entry: AuditEntry) => void;

export type AuditEntry = {
  /**
   * Operator that sent the command: issuer and id of the user. If no token is required, the port that
   * received the command: `admin port` or `client port`.
   */
  readonly who: string;
  /** Remote address of the connection on which the command arrived. */
  readonly address: string;
  readonly action: string;
  readonly subgraph: string;
  readonly field?: string | undefined;
  /** Reason for the command, as the operator has written it. */
  readonly reason?: string | undefined;
  /** Result of the command: `applied`, or the reason why it was rejected. */
  readonly outcome: string;
};

export type CommandParts = {
  readonly applyBreakerCommand: ApplyCommand;
  readonly audit: Audit;
};

/** Result of reading a command from a request: the command, or the error to respond with. */
export type CommandOutcome =
  | { readonly kind: 'applied'; readonly command: BreakerCommand }
  | { readonly kind: 'rejected'; readonly error: CommandError };

type CommandError = {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly headers: Readonly<Record<string, string>>;
};

const PREFIX = '/breakers/';
const MOST_BYTES = 10_000;
const MAX_REASON = 500;

const commandBody = z.strictObject({
  state: z.enum(['open', 'closed', 'auto']),
  field: z
    .string()
    .regex(
      /^[_A-Za-z]\w{0,200}\.[_A-Za-z]\w{0,200}$/,
      'must be a coordinate such as Query.search or Product.price',
    )
    .optional(),
  reason: z.string().max(MAX_REASON).optional(),
});

/**
 * Responds to `POST /breakers/SUBGRAPH`, which forces a circuit breaker into the state in the body, such as
 * `{"state":"open"}`. Returns undefined for other paths.
 */
export async function respondToCommand(
  request: IncomingMessage,
  { who, ...parts }: CommandParts & Pick<AuditEntry, 'who'>,
): Promise<ClientResponse | undefined> {
  const subgraph = nameAfter(pathOf(request.url), PREFIX);
  if (subgraph === undefined) return undefined;
  const caller = { who, address: request.socket.remoteAddress ?? 'unknown' };
  const outcome = await runBreakerCommand(request, subgraph, { ...parts, caller });
  if (outcome.kind === 'applied') return json(200, outcome.command);
  const { status, message, headers } = outcome.error;
  return json(status, { error: message }, headers);
}

/**
 * Applies the command in a request's body to the circuit breaker of a subgraph, or of one of its fields, and
 * records the command in the audit log.
 */
export async function runBreakerCommand(
  request: IncomingMessage,
  subgraph: string,
  {
    applyBreakerCommand,
    audit,
    caller,
  }: CommandParts & { readonly caller: Pick<AuditEntry, 'who' | 'address'> },
): Promise<CommandOutcome> {
  if (request.method !== 'POST')
    return rejection({
      status: 405,
      code: 'METHOD_NOT_ALLOWED',
      message: 'only POST is allowed for this path',
      headers: { allow: 'POST' },
    });
  try {
    const body = commandBody.safeParse(await readJsonBody(request, MOST_BYTES));
    if (!body.success)
      return rejection({ status: 400, code: 'BAD_REQUEST', message: z.prettifyError(body.error) });
    const { reason, ...settings } = body.data;
    const command = { subgraph, ...settings };
    const result = await applyBreakerCommand(command);
    audit({
      ...caller,
      action: `set breaker ${command.state}`,
      subgraph,
      field: command.field,
      reason,
      outcome: result.kind === 'applied' ? 'applied' : result.reason,
    });
    if (result.kind === 'applied') return { kind: 'applied', command };
    return rejection({
      status: result.status,
      code: result.status === 409 ? 'CONFLICT' : 'NOT_FOUND',
      message: result.reason,
    });
  } catch (error) {
    if (!(error instanceof RouterError)) throw error;
    const { status, code, publicMessage: message, headers } = error;
    return rejection({ status, code, message, headers });
  }
}

function rejection(
  error: Omit<CommandError, 'headers'> & Partial<Pick<CommandError, 'headers'>>,
): CommandOutcome {
  return { kind: 'rejected', error: { headers: {}, ...error } };
}

/**
 * Returns the name that follows a prefix in a path, such as the subgraph in `/breakers/product`; undefined
 * for other paths.
 */
export function nameAfter(path: string, prefix: string): string | undefined {
  if (!path.startsWith(prefix)) return undefined;
  try {
    return decodeURIComponent(path.slice(prefix.length));
  } catch {
    // The name has invalid percent-encoding. Nothing has such a name, so the response will be 404.
    return path.slice(prefix.length);
  }
}

function json(status: number, body: object, headers: Readonly<Record<string, string>> = {}): ClientResponse {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(body),
  };
}
