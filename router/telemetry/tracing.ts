import type { TracerProvider } from '@opentelemetry/api';
import type { Config } from '../config/config-schema.ts';

export type Tracing = AsyncDisposable & { readonly provider: TracerProvider };

/**
 * Exports spans by OTLP if an endpoint is configured. The SDK is only loaded then, because it costs memory
 * and start-up time.
 */
export async function startTracing({
  otlpEndpoint,
  serviceName,
}: Config['telemetry']): Promise<Tracing | undefined> {
  if (otlpEndpoint === undefined) return undefined;
  const [{ BasicTracerProvider, BatchSpanProcessor }, { OTLPTraceExporter }, { Resource }] =
    await Promise.all([
      import('@opentelemetry/sdk-trace-base'),
      import('@opentelemetry/exporter-trace-otlp-proto'),
      import('@opentelemetry/resources'),
    ]);
  const exporter = new OTLPTraceExporter({ url: new URL('v1/traces', withSlash(otlpEndpoint)).href });
  const provider = new BasicTracerProvider({
    resource: new Resource({ 'service.name': serviceName }),
    spanProcessors: [new BatchSpanProcessor(exporter)],
  });
  return { provider, [Symbol.asyncDispose]: () => provider.shutdown() };
}

function withSlash(url: string): string {
  return url.endsWith('/') ? url : `${url}/`;
}
