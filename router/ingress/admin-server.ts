import { createServer } from 'node:http';
import type { Config } from '../config-schema.ts';
import type { Telemetry } from '../telemetry.ts';
import type { ClientResponse } from './client-request.ts';
import type { Health } from './health.ts';
import { addressOf, listening } from './http-server.ts';

export type AdminParts = {
  readonly telemetry: Telemetry;
  readonly health: Health;
  /** What the router knows of itself: generation, subgraphs, breakers. */
  readonly state: () => unknown;
};

/** Metrics, health and state on a port of their own, which clients never reach. */
export async function listenAdmin(
  config: Config['admin'],
  parts: AdminParts,
): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((request, response) => {
    void answer(request.url ?? '/', parts).then(({ status, headers, body }) =>
      response.writeHead(status, headers).end(body),
    );
  });
  await listening(server, config);
  return {
    url: `http://${config.host}:${addressOf(server).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const JSON_HEADERS = { 'content-type': 'application/json; charset=utf-8' };

async function answer(path: string, { telemetry, health, state }: AdminParts): Promise<ClientResponse> {
  if (path === '/metrics')
    return {
      status: 200,
      headers: { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' },
      body: await telemetry.metricsText(),
    };
  if (path === '/state')
    return { status: 200, headers: JSON_HEADERS, body: JSON.stringify(state(), null, 2) };
  return (
    health.answer(path) ?? {
      status: 404,
      headers: JSON_HEADERS,
      body: JSON.stringify({ error: 'known here: /metrics, /state, /health/live, /health/ready' }),
    }
  );
}
