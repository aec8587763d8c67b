import { B3InjectEncoding, B3Propagator } from '@opentelemetry/propagator-b3';
import { SAMPLING_HINT } from './header-propagator.ts';
import type { HeaderPropagator, SamplingHint } from './header-propagator.ts';
import { textOf } from './trace-context.ts';

// Matches a valid `b3` header. The header is checked here, because the propagator of OpenTelemetry also finds
// ids inside longer, invalid texts.
const SINGLE = /^(?:[\da-f]{16}){1,2}-[\da-f]{16}(?:-([01d])(?:-[\da-f]{16})?)?$/;
const TRACE_ID = /^(?:[\da-f]{16}){1,2}$/;
const SPAN_ID = /^[\da-f]{16}$/;
const DECISIONS: Readonly<Record<string, SamplingHint>> = {
  '0': 'unsampled',
  '1': 'sampled',
  d: 'sampled',
  false: 'unsampled',
  true: 'sampled',
};

/**
 * Creates the propagator for B3 headers (https://github.com/openzipkin/b3-propagation). It reads `b3`, or
 * else the several headers `x-b3-…`, and writes the form that `encoding` names. An invalid header is ignored.
 */
export function createB3Propagator(encoding: 'single' | 'multi'): HeaderPropagator {
  const b3 = new B3Propagator({
    injectEncoding: encoding === 'single' ? B3InjectEncoding.SINGLE_HEADER : B3InjectEncoding.MULTI_HEADER,
  });
  return {
    fields: () => b3.fields(),
    inject: (context, headers, setter) => b3.inject(context, headers, setter),
    extract(context, headers, getter) {
      const get = (name: string) => textOf(getter.get(headers, name));
      const single = get('b3');
      const found = single === undefined ? readMulti(get) : readSingle(single);
      if (found === undefined) return context;
      const extracted = found.hasIds ? b3.extract(context, headers, getter) : context;
      return found.hint === undefined ? extracted : extracted.setValue(SAMPLING_HINT, found.hint);
    },
  };
}

/**
 * Content of the B3 headers of a request. `hint` is a sampling state that OpenTelemetry cannot express, such
 * as a decision without trace ids; otherwise it is undefined.
 */
type B3Headers = { readonly hasIds: boolean; readonly hint: SamplingHint | undefined };

function readSingle(header: string): B3Headers | undefined {
  const decision = decisionOf(header);
  if (decision !== undefined) return { hasIds: false, hint: decision };
  const match = SINGLE.exec(header);
  return match === null ? undefined : { hasIds: true, hint: match[1] === undefined ? 'deferred' : undefined };
}

function readMulti(get: (name: string) => string | undefined): B3Headers | undefined {
  const [traceId, spanId, sampled, flags] = ['traceid', 'spanid', 'sampled', 'flags'].map((name) =>
    get(`x-b3-${name}`),
  );
  const decision = flags === '1' ? 'sampled' : sampled === undefined ? undefined : decisionOf(sampled);
  if (sampled !== undefined && decision === undefined) return undefined;
  if (traceId === undefined && spanId === undefined)
    return decision === undefined ? undefined : { hasIds: false, hint: decision };
  if (!TRACE_ID.test(traceId ?? '') || !SPAN_ID.test(spanId ?? '')) return undefined;
  return { hasIds: true, hint: decision === undefined ? 'deferred' : undefined };
}

function decisionOf(text: string): SamplingHint | undefined {
  return Object.hasOwn(DECISIONS, text) ? DECISIONS[text] : undefined;
}
