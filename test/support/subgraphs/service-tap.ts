import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The fate of a call: it passes, the request is lost, or its response is lost. */
export type Fate = 'passed' | 'lost' | 'response lost';

export type ServiceTap = AsyncDisposable & {
  /** URL to use instead of the callee's. */
  readonly url: string;
  /** The operation names of the calls so far. */
  readonly calls: string[];
  /** The operation names of the calls to which the callee has responded. */
  readonly received: string[];
  /** Decides about each call by its operation name; passes all calls by default. */
  fateOf: (operation: string) => Fate | Promise<Fate>;
};

/** Starts a proxy between a service and the one it calls. */
export async function startServiceTap(target: string): Promise<ServiceTap> {
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const tap: ServiceTap = {
    url: `http://127.0.0.1:${port}/graphql`,
    calls: [],
    received: [],
    fateOf: () => 'passed',
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await Array.fromAsync(request)).toString();
    const operation = /(?:query|mutation) (\w+)/.exec(body)?.[1] ?? '';
    tap.calls.push(operation);
    const fate = await tap.fateOf(operation);
    const passed = fate === 'lost' ? null : await passOn(target, request, body).catch(() => null);
    if (passed !== null) tap.received.push(operation);
    if (fate !== 'passed' || passed === null) return void request.socket.destroy();
    response.writeHead(passed.status, { 'content-type': 'application/json' }).end(passed.body);
  }

  return tap;
}

async function passOn(
  target: string,
  request: IncomingMessage,
  body: string,
): Promise<{ status: number; body: string }> {
  const { host: _host, connection: _connection, 'content-length': _length, ...headers } = request.headers;
  const response = await fetch(target, {
    method: 'POST',
    headers: Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]),
    body,
  });
  return { status: response.status, body: await response.text() };
}
