import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Attributes, Context, Span } from '@opentelemetry/api';
import type { InboundTrace } from './trace-headers.ts';

/** A finished SQL statement. */
export type FinishedQuery = {
  /** The statement with placeholders for all values. */
  readonly statement: string;
  readonly ms: number;
  readonly hasFailed: boolean;
};

/** Spans of a subgraph: one for each request, and in it one for each SQL statement and each call. */
export type Tracing = AsyncDisposable & {
  /** Handles a request in a span that continues the trace of the caller. */
  readonly serve: <Reply extends { readonly status: number }>(
    inbound: InboundTrace,
    handle: () => Promise<Reply>,
  ) => Promise<Reply>;
  /** Sends a call to another service in a span. Outside of a request, there is none. */
  readonly call: <Reply extends { readonly status: number }>(
    target: { readonly service: string; readonly url: string },
    send: (headers: Readonly<Record<string, string>>) => Promise<Reply>,
  ) => Promise<Reply>;
  readonly queried: (query: FinishedQuery) => void;
};

export type TracingOptions = {
  /** Name of the subgraph, which becomes `service.name`. */
  readonly service: string;
  /** URL of the OTLP endpoint that spans are sent to, with its path. */
  readonly url: string;
};

const MAX_STATEMENT = 2_000;
const MAX_SHUTDOWN_MS = 2_000;

/**
 * Returns undefined without a URL. The SDK is only loaded with one, because it costs memory and time at the
 * start.
 */
export async function startTracing({
  service,
  url,
}: Omit<TracingOptions, 'url'> & { readonly url: string | null }): Promise<Tracing | undefined> {
  return url === null ? undefined : createTracing({ service, url });
}

/** The sampler and the limits of the SDK are those of the standard `OTEL_*` variables. */
async function createTracing({ service, url }: TracingOptions): Promise<Tracing> {
  const [{ BasicTracerProvider, BatchSpanProcessor }, { OTLPTraceExporter }, { Resource, envDetectorSync }] =
    await Promise.all([
      import('@opentelemetry/sdk-trace-base'),
      import('@opentelemetry/exporter-trace-otlp-proto'),
      import('@opentelemetry/resources'),
    ]);
  const provider = new BasicTracerProvider({
    resource: new Resource(envDetectorSync.detect().attributes).merge(
      new Resource({ 'service.name': service }),
    ),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url }))],
  });
  const tracer = provider.getTracer('tributary-shop');
  const active = new AsyncLocalStorage<{ readonly context: Context; readonly inbound: InboundTrace }>();

  return {
    serve(inbound, handle) {
      const attributes = { 'http.request.method': 'POST', 'http.route': '/graphql', 'url.path': '/graphql' };
      const options = { kind: SpanKind.SERVER, attributes };
      const span = tracer.startSpan('POST /graphql', options, inbound.context);
      const context = trace.setSpan(inbound.context, span);
      return active.run({ context, inbound }, () => ended(span, handle()));
    },

    call({ service: called, url: target }, send) {
      const parent = active.getStore();
      if (parent === undefined) return send({});
      const options = { kind: SpanKind.CLIENT, attributes: callAttributes(called, new URL(target)) };
      const span = tracer.startSpan(`fetch ${called}`, options, parent.context);
      return ended(span, send(parent.inbound.headersOf(trace.setSpan(parent.context, span))));
    },

    queried({ statement, ms, hasFailed }) {
      const parent = active.getStore();
      if (parent === undefined) return;
      const endTime = Date.now();
      const span = tracer.startSpan(
        'db.query',
        { kind: SpanKind.CLIENT, startTime: endTime - ms, attributes: queryAttributes(service, statement) },
        parent.context,
      );
      if (hasFailed) span.setStatus({ code: SpanStatusCode.ERROR });
      span.end(endTime);
    },

    // A collector that is down or slow must not delay the end of the process, and nor must this timer.
    [Symbol.asyncDispose]: () =>
      Promise.race([
        provider.shutdown().catch(() => undefined),
        delay(MAX_SHUTDOWN_MS, undefined, { ref: false }),
      ]),
  };
}

async function ended<Reply extends { readonly status: number }>(
  span: Span,
  reply: Promise<Reply>,
): Promise<Reply> {
  try {
    const { status } = await reply;
    span.setAttribute('http.response.status_code', status);
    if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
  } catch (error) {
    const type = error instanceof Error ? error.name : '_OTHER';
    span.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR });
  } finally {
    span.end();
  }
  return reply;
}

function callAttributes(service: string, { hostname, port, protocol }: URL): Attributes {
  const defaultPort = protocol === 'https:' ? 443 : 80;
  return {
    'http.request.method': 'POST',
    'peer.service': service,
    'server.address': hostname,
    'server.port': port === '' ? defaultPort : Number(port),
  };
}

function queryAttributes(schema: string, statement: string): Attributes {
  return {
    'db.system.name': 'postgresql',
    'db.namespace': schema,
    'db.operation.name': statement.trimStart().split(/\s/, 1)[0]?.toUpperCase() ?? '',
    'db.query.text': statement.slice(0, MAX_STATEMENT),
  };
}
