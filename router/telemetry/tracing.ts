import type { TracerProvider } from '@opentelemetry/api';
import type { Config } from '../config/config-schema.ts';

export type Tracing = AsyncDisposable & { readonly provider: TracerProvider };

/**
 * Exports spans by OTLP if an endpoint is configured. The SDK is only loaded then, because it costs memory
 * and start-up time.
 */
export async function startTracing(config: Config['telemetry']): Promise<Tracing | undefined> {
  const url = spansUrl(config);
  if (url === undefined) return undefined;
  const [{ BasicTracerProvider, BatchSpanProcessor }, { OTLPTraceExporter }, { Resource }] =
    await Promise.all([
      import('@opentelemetry/sdk-trace-base'),
      import('@opentelemetry/exporter-trace-otlp-proto'),
      import('@opentelemetry/resources'),
    ]);
  const exporter = new OTLPTraceExporter({
    url,
    headers: { ...config.otlpHeaders, ...config.traces.headers },
    timeoutMillis: config.traces.timeoutMs ?? config.otlpTimeoutMs,
  });
  const provider = new BasicTracerProvider({
    resource: new Resource({ ...config.resourceAttributes, 'service.name': config.serviceName }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  return { provider, [Symbol.asyncDispose]: () => provider.shutdown() };
}

/** Returns the URL that spans are sent to; undefined if they are not exported. */
function spansUrl({ otlpEnabled, otlpEndpoint, traces }: Config['telemetry']): string | undefined {
  if (!otlpEnabled || !traces.enabled) return undefined;
  if (traces.endpoint !== undefined || otlpEndpoint === undefined) return traces.endpoint;
  return new URL('v1/traces', withSlash(otlpEndpoint)).href;
}

function withSlash(url: string): string {
  return url.endsWith('/') ? url : `${url}/`;
}
