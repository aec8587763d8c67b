import { parseConfig } from '../../../router/config/config.ts';
import { createHealth } from '../../../router/http/health.ts';
import { listen } from '../../../router/http/http-server.ts';
import type { HttpServer, HttpServerParts } from '../../../router/http/http-server.ts';
import { scheduleTimer } from '../../../router/shared/schedule.ts';
import { createTelemetry } from '../../../router/telemetry/telemetry.ts';

export type LoneServer = HttpServer & { readonly log: readonly Readonly<Record<string, unknown>>[] };

/**
 * Starts the HTTP part of a router on a free port, without a graph: the response to every GraphQL request is
 * `{}`.
 */
export async function listenAlone(yaml: string, parts: Partial<HttpServerParts> = {}): Promise<LoneServer> {
  const config = parseConfig(yaml, { env: { PORT: '0' }, fileName: 'router.yaml', directory: '/nowhere' });
  const log: Record<string, unknown>[] = [];
  const server = await listen(config, {
    telemetry: createTelemetry(config.telemetry, {
      destination: { write: (line: string) => void log.push(JSON.parse(line)) },
    }),
    health: createHealth(() => []),
    monotonic: () => performance.now(),
    now: Date.now,
    schedule: scheduleTimer,
    checkHead: () => undefined,
    checkBody: () => undefined,
    clientAddress: () => '127.0.0.1',
    handle: async () => ({ status: 200, headers: {}, body: '{}' }),
    ...parts,
  });
  return { ...server, log };
}
