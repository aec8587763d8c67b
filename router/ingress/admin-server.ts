import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import type { Config } from '../config/config-schema.ts';
import { createAdminGuard } from './admin-guard.ts';
import type { AdminGuard } from './admin-guard.ts';
import { answerOrder } from './breaker-order.ts';
import type { Obey } from './breaker-order.ts';
import type { ClientResponse } from './client-request.ts';
import { healthAnswer } from './health.ts';
import { addressOf, listening, urlAt } from './http-server.ts';

/** What the admin port tells of a router. */
export type Inspection = {
  readonly metrics: Registry;
  /** The supergraph served, the subgraphs and their breakers. */
  readonly state: unknown;
  /** Why the router is not ready; empty when it is. */
  readonly unready: readonly string[];
};

export type AdminParts = {
  readonly inspect: () => Promise<Inspection>;
  readonly orderBreaker: Obey;
};

/** Metrics, health, state and orders to breakers on a port of their own, which clients never reach. */
export async function listenAdmin(
  config: Config['admin'],
  parts: AdminParts,
): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer();
  await listening(server, config);
  const { address, port } = addressOf(server);
  const guard = createAdminGuard({ host: config.host, address });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    void answer(request, guard, parts)
      .catch(failed)
      .then(({ status, headers, body }) => response.writeHead(status, headers).end(body));
  });
  return {
    url: urlAt({ ...config, port }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8' };

async function answer(
  request: IncomingMessage,
  guard: AdminGuard,
  { inspect, orderBreaker }: AdminParts,
): Promise<ClientResponse> {
  const foreign = guard(request.headers);
  if (foreign !== undefined) return refused(403, foreign);
  const ordered = await answerOrder(request, orderBreaker);
  if (ordered !== undefined) return ordered;
  const path = request.url ?? '/';
  const { metrics, state, unready } = await inspect();
  if (path === '/metrics')
    return { status: 200, headers: { 'content-type': metrics.contentType }, body: await metrics.metrics() };
  if (path === '/state') return { status: 200, headers: JSON_HEADERS, body: JSON.stringify(state, null, 2) };
  return healthAnswer(path, unready) ?? notFound();
}

function failed(): ClientResponse {
  return refused(500, 'the state cannot be told');
}

function notFound(): ClientResponse {
  return refused(404, 'known here: /metrics, /state, /health/live, /health/ready, POST /breakers/SUBGRAPH');
}

function refused(status: number, error: string): ClientResponse {
  return { status, headers: JSON_HEADERS, body: JSON.stringify({ error }) };
}
