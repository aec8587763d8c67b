import { setTimeout as delay } from 'node:timers/promises';
import { Agent, request } from 'undici';

/** One request of a client. */
export type ClientRequest = {
  readonly operationName: string;
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly token?: string;
};

export type TrafficOptions = {
  readonly url: string;
  readonly client: { readonly name: string; readonly version: string };
  /** Requests that are sent at once. */
  readonly burst: number;
  /** Milliseconds between two bursts, if the responses arrive sooner. */
  readonly everyMs: number;
  /** Returns the request with this number. */
  readonly next: (index: number) => ClientRequest;
  /** Address of this machine from which the client sends. */
  readonly localAddress?: string;
};

/** Most bursts in flight: further ones are left out while a slow graph has not responded. */
const MAX_IN_FLIGHT_BURSTS = 4;

/** Sends requests of one client until it is disposed. Requests that fail are ignored. */
export function startTraffic({
  url,
  client,
  burst,
  everyMs,
  next,
  localAddress,
}: TrafficOptions): AsyncDisposable {
  const agent = new Agent({
    connections: burst * MAX_IN_FLIGHT_BURSTS,
    ...(localAddress !== undefined && { localAddress }),
  });
  const controller = new AbortController();
  const headers = {
    'content-type': 'application/json',
    'apollographql-client-name': client.name,
    'apollographql-client-version': client.version,
  };
  let inFlight = 0;

  async function send({ token, ...body }: ClientRequest): Promise<void> {
    const response = await request(url, {
      method: 'POST',
      dispatcher: agent,
      signal: controller.signal,
      headers: token === undefined ? headers : { ...headers, authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    });
    await response.body.dump();
  }

  async function run(): Promise<void> {
    for (let index = 0; !controller.signal.aborted;) {
      if (inFlight < burst * MAX_IN_FLIGHT_BURSTS)
        for (let count = 0; count < burst; count += 1, index += 1) {
          inFlight += 1;
          void send(next(index))
            .catch(() => undefined)
            .finally(() => (inFlight -= 1));
        }
      await delay(everyMs, undefined, { signal: controller.signal }).catch(() => undefined);
    }
  }

  const ended = run();
  return {
    async [Symbol.asyncDispose]() {
      controller.abort();
      await ended;
      await agent.destroy();
    },
  };
}
