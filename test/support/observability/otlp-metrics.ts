import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { addressOf, listening } from '../../../router/http/sockets/listeners.ts';

/** A metric as a receiver of OTLP decodes it. */
export type ReceivedMetric = {
  readonly name: string;
  readonly kind: 'gauge' | 'sum' | 'histogram';
  readonly points: readonly ReceivedPoint[];
};

export type ReceivedPoint = {
  readonly attributes: Readonly<Record<string, string>>;
  /** Value of a gauge or a sum; sum of a histogram. */
  readonly value: number;
  /** Number of values per bucket and the bounds between them; empty unless it is a histogram. */
  readonly counts: readonly number[];
  readonly bounds: readonly number[];
};

export type ReceivedMetrics = {
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly resource: Readonly<Record<string, string>>;
  readonly metrics: readonly ReceivedMetric[];
};

export type MetricsReceiver = AsyncDisposable & {
  readonly url: string;
  readonly received: readonly ReceivedMetrics[];
};

/** Starts a receiver of OTLP metrics over HTTP that decodes them. The first `failures` requests get a 400. */
export async function startMetricsReceiver({ failures = 0 } = {}): Promise<MetricsReceiver> {
  const received: ReceivedMetrics[] = [];
  let left = failures;
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      left -= 1;
      if (left >= 0) return response.writeHead(400).end();
      const [resourceMetrics] = decode(body).messages(1);
      received.push({
        path: request.url,
        headers: request.headers,
        resource: attributesOf(resourceMetrics?.messages(1)[0]?.messages(1)),
        metrics: (resourceMetrics?.messages(2) ?? []).flatMap((scope) => scope.messages(2)).map(metricOf),
      });
      return response.end();
    });
  });
  await listening(server, { host: '127.0.0.1', port: 0 });
  return {
    url: `http://127.0.0.1:${addressOf(server).port}`,
    received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

// Numbers of the fields in opentelemetry/proto/metrics/v1/metrics.proto.
const KINDS = { gauge: 5, sum: 7, histogram: 9 } as const;

function metricOf(metric: Message): ReceivedMetric {
  const kind = (['gauge', 'sum', 'histogram'] as const).find(
    (name) => metric.messages(KINDS[name]).length > 0,
  );
  if (kind === undefined) throw new Error('a metric without data');
  const points = metric.messages(KINDS[kind]).flatMap((data) => data.messages(1));
  return {
    name: metric.text(1),
    kind,
    points: points.map(kind === 'histogram' ? histogramPoint : numberPoint),
  };
}

function numberPoint(point: Message): ReceivedPoint {
  return {
    attributes: attributesOf(point.messages(7)),
    value: point.doubles(4)[0] ?? Number.NaN,
    counts: [],
    bounds: [],
  };
}

function histogramPoint(point: Message): ReceivedPoint {
  return {
    attributes: attributesOf(point.messages(9)),
    value: point.doubles(5)[0] ?? Number.NaN,
    counts: point.fixed(6),
    bounds: point.doubles(7),
  };
}

function attributesOf(pairs: readonly Message[] = []): Readonly<Record<string, string>> {
  return Object.fromEntries(pairs.map((pair) => [pair.text(1), pair.messages(2)[0]?.text(1) ?? '']));
}

type Message = {
  readonly messages: (field: number) => readonly Message[];
  readonly text: (field: number) => string;
  readonly doubles: (field: number) => readonly number[];
  readonly fixed: (field: number) => readonly number[];
};

/** Decodes a message of Protocol Buffers into the bytes of its fields. Repeated numbers may be packed. */
function decode(bytes: Buffer): Message {
  const fields: { readonly field: number; readonly content: Buffer }[] = [];
  let at = 0;
  const varint = () => {
    let [value, shift, byte] = [0, 0, 0];
    do {
      byte = bytes.readUInt8(at++);
      value += (byte & 127) * 2 ** shift;
      shift += 7;
    } while (byte > 127);
    return value;
  };
  const lengths: Readonly<Record<number, () => number>> = { 1: () => 8, 2: varint, 5: () => 4 };
  while (at < bytes.length) {
    const tag = varint();
    const length = lengths[tag & 7]?.();
    if (length === undefined) varint();
    else fields.push({ field: tag >> 3, content: bytes.subarray(at, (at += length)) });
  }
  const contents = (field: number) =>
    fields.filter((one) => one.field === field).map(({ content }) => content);
  const words = (field: number) => {
    const all = Buffer.concat(contents(field));
    return Array.from({ length: all.length / 8 }, (_, index) => all.subarray(index * 8, index * 8 + 8));
  };
  return {
    messages: (field: number) => contents(field).map(decode),
    text: (field: number) => contents(field)[0]?.toString() ?? '',
    doubles: (field: number) => words(field).map((word) => word.readDoubleLE()),
    fixed: (field: number) => words(field).map((word) => Number(word.readBigUInt64LE())),
  };
}
