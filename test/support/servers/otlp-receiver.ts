import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { addressOf, listening } from '../../../router/http/sockets/listeners.ts';
import { bytesAt, messagesAt, numberAt, readMessage, textAt } from './protobuf.ts';
import type { Message } from './protobuf.ts';

export type ReceivedSpan = {
  /** `service.name` of its resource. */
  readonly service: string;
  readonly name: string;
  readonly kind: 'INTERNAL' | 'SERVER' | 'CLIENT' | 'OTHER';
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the root of a trace. */
  readonly parentSpanId: string;
  /** Nanoseconds since 1970. */
  readonly start: bigint;
  readonly end: bigint;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly {
    readonly name: string;
    readonly attributes: Readonly<Record<string, unknown>>;
  }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly isError: boolean;
};

/** A collector that decodes the spans it receives over HTTP. */
export type OtlpReceiver = AsyncDisposable & {
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  readonly requests: readonly { readonly path: string | undefined; readonly headers: IncomingHttpHeaders }[];
  /** Everything that was received, to look for texts in it. */
  readonly bytes: () => Buffer;
};

/**
 * `respond` returns the status of each response. If its promise stays pending, the collector hangs; with the
 * status 0 it resets the connection.
 */
export async function startOtlpReceiver(
  respond: () => Promise<number> = async () => 200,
): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const bodies: Buffer[] = [];
  const requests: { path: string | undefined; headers: IncomingHttpHeaders }[] = [];
  const server = createServer((request, response) => {
    void buffer(request).then(async (body) => {
      requests.push({ path: request.url, headers: request.headers });
      bodies.push(body);
      spans.push(...readSpans(body));
      const status = await respond();
      if (status === 0) request.socket.resetAndDestroy();
      else response.writeHead(status).end();
    });
  });
  await listening(server, { host: '127.0.0.1', port: 0 });
  return {
    url: `http://127.0.0.1:${addressOf(server).port}`,
    spans,
    requests,
    bytes: () => Buffer.concat(bodies),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function readSpans(body: Buffer): readonly ReceivedSpan[] {
  return messagesAt(readMessage(body), 1).flatMap((resourceSpans) => {
    const [resource = new Map()] = messagesAt(resourceSpans, 1);
    const service = String(attributesAt(resource, 1)['service.name']);
    const scopes = messagesAt(resourceSpans, 2);
    return scopes.flatMap((scope) => messagesAt(scope, 2)).map((span) => readSpan(service, span));
  });
}

const KINDS = ['OTHER', 'INTERNAL', 'SERVER', 'CLIENT'] as const;
const STATUS_ERROR = 2n;

function readSpan(service: string, span: Message): ReceivedSpan {
  return {
    service,
    name: textAt(span, 5),
    kind: KINDS[Number(numberAt(span, 6))] ?? 'OTHER',
    ...idsOf(span),
    parentSpanId: bytesAt(span, 4).toString('hex'),
    start: numberAt(span, 7),
    end: numberAt(span, 8),
    attributes: attributesAt(span, 9),
    events: messagesAt(span, 11).map((event) => ({
      name: textAt(event, 2),
      attributes: attributesAt(event, 3),
    })),
    links: messagesAt(span, 13).map(idsOf),
    isError: messagesAt(span, 15).some((status) => numberAt(status, 3) === STATUS_ERROR),
  };
}

function idsOf(message: Message): { readonly traceId: string; readonly spanId: string } {
  return { traceId: bytesAt(message, 1).toString('hex'), spanId: bytesAt(message, 2).toString('hex') };
}

function attributesAt(message: Message, field: number): Record<string, unknown> {
  const pairs = messagesAt(message, field).map((pair) => [
    textAt(pair, 1),
    readValue(messagesAt(pair, 2)[0]),
  ]);
  return Object.fromEntries(pairs);
}

function readValue(value: Message | undefined): unknown {
  if (value === undefined) return undefined;
  if (value.has(1)) return textAt(value, 1);
  if (value.has(2)) return numberAt(value, 2) === 1n;
  if (value.has(3)) return Number(numberAt(value, 3));
  if (value.has(4)) return new Float64Array(new BigUint64Array([numberAt(value, 4)]).buffer)[0];
  const [array] = messagesAt(value, 5);
  return array === undefined ? undefined : messagesAt(array, 1).map(readValue);
}
