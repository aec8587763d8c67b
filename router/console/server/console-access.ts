import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { isLoopback } from '../../admin/admin-guard.ts';
import type { Config } from '../../config/config-schema.ts';
import type { ClientResponse } from '../../request/client-request.ts';
import type { QueryProcesses } from '../process-queries.ts';
import { apiError } from './api-response.ts';
import { NO_PROCESS, operatorToken, requiredRole } from './operator-token.ts';

/** The port on which the console is served: the admin port or the client port. */
export type ConsolePort = 'client' | 'admin';

/** A caller that may use the console. */
export type ConsoleCaller = {
  /**
   * Name of the caller in the audit log: issuer and id of the user, or the name of the port for callers
   * without a token.
   */
  readonly who: string;
  /** Remote address of the caller's connection. */
  readonly address: string;
  /** Whether the caller may use actions, which change the state of the router. */
  readonly mayAct: boolean;
};

export type Access =
  | { readonly kind: 'accepted'; readonly caller: ConsoleCaller }
  | { readonly kind: 'rejected'; readonly response: ClientResponse };

/**
 * Decides whether a caller may use the API of the console.
 * @param forwards true if the console forwards the request to the GraphQL endpoint; its `authorization`
 * header is then meant for that endpoint and does not identify the operator
 */
export type CheckAccess = (request: IncomingMessage, forwards: boolean) => Promise<Access>;

/**
 * Creates the access rules of the console on one port. Requests from web pages of other origins are rejected.
 * If no token is required, `Host` must also be an IP address, `localhost` or a configured name: a page can
 * let its own host name resolve to this machine (DNS rebinding) and then has the same origin as the console.
 */
export function createConsoleAccess(
  config: Pick<Config, 'console' | 'admin' | 'listen' | 'workers'>,
  { port, processes }: { readonly port: ConsolePort; readonly processes: QueryProcesses },
): CheckAccess {
  const host = port === 'admin' ? config.admin.host : config.listen.host;
  const role = port === 'admin' ? requiredRole(config) : undefined;
  const names = new Set(['localhost', host, ...config.console.hosts].map((name) => name.toLowerCase()));
  const isOwnHost = (name: string) => isIP(name) !== 0 || names.has(name.toLowerCase());

  return async (request, forwards) => {
    const { headers, socket } = request;
    const address = socket.remoteAddress ?? 'unknown';
    if (headers.origin !== undefined && !isSameOrigin(headers.origin, headers.host))
      return rejected(403, 'web pages of other origins may not use the console');
    if (role === undefined) {
      if (headers.host !== undefined && !isOwnHost(hostNameOf(headers.host)))
        return rejected(403, 'Host must be an IP address, localhost or a name of `console.hosts`');
      // On the client port, actions that change the router's state are allowed only from the same machine,
      // because the port may be open to a network, and only if the router has one process, because a worker
      // cannot apply a command in other workers.
      const mayAct = port === 'admin' || (config.workers === 1 && isLoopback(address));
      return { kind: 'accepted', caller: { who: `${port} port`, address, mayAct } };
    }
    const token = operatorToken(request, { acceptsAuthorization: !forwards });
    const result = (await processes.one('operator', { token, address, role })) ?? NO_PROCESS;
    if (result.kind === 'accepted')
      return { kind: 'accepted', caller: { who: result.user, address, mayAct: true } };
    const { status, message, code } = result;
    return { kind: 'rejected', response: apiError({ status, message, code, headers: result.headers }) };
  };
}

function isSameOrigin(origin: string, host: string | undefined): boolean {
  return host !== undefined && URL.parse(origin)?.host === URL.parse(`${schemeOf(origin)}//${host}`)?.host;
}

function schemeOf(origin: string): string {
  return origin.startsWith('https:') ? 'https:' : 'http:';
}

function hostNameOf(authority: string): string {
  return authority.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1');
}

function rejected(status: number, message: string): Access {
  return { kind: 'rejected', response: apiError({ status, code: 'FORBIDDEN', message }) };
}
