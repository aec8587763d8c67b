import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as a stub received it. */
type StubRequest = {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly path: string;
};

/** Responds to one request, or fails it. */
export type Behaviour = (response: ServerResponse, request: StubRequest) => void;

/** Chooses the behaviour; `index` counts requests from 0. */
export type Script = (request: StubRequest, index: number) => Behaviour;

export type StubSubgraph = AsyncDisposable & {
  readonly url: string;
  readonly requests: readonly StubRequest[];
  readonly counts: { readonly connections: number; readonly aborted: number };
  /** Resolves when at least this number of requests has arrived. */
  received(count: number): Promise<void>;
  /** Resolves when the caller has aborted at least this number of requests before their response. */
  aborted(count: number): Promise<void>;
};

/** Starts a real HTTP server on a free port, which behaves as its script says. */
export async function startStubSubgraph(
  script: Script,
  options: { port?: number } = {},
): Promise<StubSubgraph> {
  const requests: StubRequest[] = [];
  const counts = { connections: 0, aborted: 0 };
  const received = createCounter();
  const aborted = createCounter();

  async function respond(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('close', () => {
      if (response.writableFinished) return;
      counts.aborted += 1;
      aborted.add();
    });
    const request = { headers: incoming.headers, body: await textOf(incoming), path: incoming.url ?? '' };
    requests.push(request);
    received.add();
    script(request, requests.length - 1)(response, request);
  }

  const server = createServer((incoming, response) => {
    respond(incoming, response).catch(() => response.destroy());
  });
  server.on('connection', () => (counts.connections += 1));
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}/graphql`,
    requests,
    counts,
    received: received.reached,
    aborted: aborted.reached,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    },
  };
}

export function json(body: unknown, headers: Record<string, string | string[]> = {}): Behaviour {
  return text(JSON.stringify(body), headers);
}

export function text(body: string, headers: Record<string, string | string[]> = {}): Behaviour {
  return (response) => response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(body);
}

/** Responds with an HTML page, as proxies and crashed programs do. */
export function page(status: number): Behaviour {
  const body = `<html><body>secret stack at http://internal-host:9999/</body></html>`;
  return (response) => response.writeHead(status, { 'content-type': 'text/html' }).end(body);
}

export function status(code: number, body: unknown): Behaviour {
  return (response) =>
    response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export function redirect(location: string): Behaviour {
  return (response) => response.writeHead(307, { location }).end();
}

export function hang(): Behaviour {
  return () => {};
}

/** Sends bytes continuously and never ends. */
export function drip(): Behaviour {
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"data":{"a":"');
    const timer = setInterval(() => response.write('a'), 10);
    response.on('close', () => {
      clearInterval(timer);
    });
  };
}

export function reset(): Behaviour {
  return (response) => response.socket?.resetAndDestroy();
}

/** Ends the connection in the middle of a body, with a reset or with an orderly end. */
export function breakOff(how: 'reset' | 'end'): Behaviour {
  return (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 });
    response.write('{"data":{"a":', () => {
      if (how === 'reset') response.socket?.resetAndDestroy();
      else response.socket?.end();
    });
  };
}

/** Sends this number of bytes of JSON as fast as they are read, without a content-length by default. */
export function flood(bytes: number, options: { announced?: boolean; status?: number } = {}): Behaviour {
  const chunk = Buffer.alloc(65_536, 'a');
  return (response) => {
    const announced = options.announced === true ? { 'content-length': bytes } : {};
    response.writeHead(options.status ?? 200, { 'content-type': 'application/json', ...announced });
    let left = bytes;
    const pump = (): void => {
      while (left > 0 && !response.destroyed) {
        left -= chunk.length;
        if (!response.write(chunk)) return;
      }
      response.end();
    };
    response.on('drain', pump);
    pump();
  };
}

/** Responds with `{"data":{"a":1}}` under a content coding. */
export function encoded(coding: string, encode: (bytes: Buffer) => Buffer): Behaviour {
  const headers = { 'content-type': 'application/json', 'content-encoding': coding };
  const body = encode(Buffer.from('{"data":{"a":1}}'));
  return (response) => response.writeHead(200, headers).end(body);
}

/** Sends bytes that are not HTTP. */
export function garbage(): Behaviour {
  return (response) => response.socket?.end('SSH-2.0-OpenSSH_9.2\r\n');
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function createCounter() {
  let count = 0;
  let waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  return {
    add(): void {
      count += 1;
      for (const waiter of waiting) if (count >= waiter.count) waiter.resolve();
      waiting = waiting.filter((waiter) => count < waiter.count);
    },
    reached: (target: number): Promise<void> =>
      new Promise((resolve) => {
        if (count >= target) resolve();
        else waiting.push({ count: target, resolve });
      }),
  };
}
