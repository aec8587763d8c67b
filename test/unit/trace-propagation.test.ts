import { describe, expect, test } from 'vitest';
import { createPropagation } from '../../router/telemetry/propagation/propagation.ts';
import { samplingHintOf } from '../../router/telemetry/propagation/header-propagator.ts';

const TRACE = '80f198ee56343ba864fe8b2a57d3eff7';
const SPAN = 'e457b5a2e4d86bd1';
const SHORT = '64fe8b2a57d3eff7';
const PADDED = `${'0'.repeat(16)}${SHORT}`;

type Names = Parameters<typeof createPropagation>[0];
type Headers = Readonly<Record<string, string>>;

/** Returns the headers of a subgraph call of a client request. */
async function through(names: Names, headers: Headers): Promise<Headers> {
  const { read, write } = await createPropagation(names);
  return write(read(headers));
}

const multi = (traceId: string, spanId: string, rest: Headers = {}) => ({
  'x-b3-traceid': traceId,
  'x-b3-spanid': spanId,
  ...rest,
});

describe('B3', () => {
  test.each<[string, Headers, string]>([
    ['sampled', { b3: `${TRACE}-${SPAN}-1` }, `${TRACE}-${SPAN}-1`],
    ['not sampled', { b3: `${TRACE}-${SPAN}-0` }, `${TRACE}-${SPAN}-0`],
    ['debug', { b3: `${TRACE}-${SPAN}-d` }, `${TRACE}-${SPAN}-d`],
    ['with a parent', { b3: `${TRACE}-${SPAN}-1-05e3ac9a4f6e3b90` }, `${TRACE}-${SPAN}-1`],
    ['with a trace id of 64 bits', { b3: `${SHORT}-${SPAN}-1` }, `${PADDED}-${SPAN}-1`],
    ['in several headers', multi(TRACE, SPAN, { 'x-b3-sampled': '1' }), `${TRACE}-${SPAN}-1`],
    ['in several headers, debug', multi(TRACE, SPAN, { 'x-b3-flags': '1' }), `${TRACE}-${SPAN}-1`],
    ['in both forms', { ...multi(TRACE, SHORT), b3: `${TRACE}-${SPAN}-0` }, `${TRACE}-${SPAN}-0`],
  ])('%s is passed on in one header', async (_, headers, expected) => {
    expect(await through(['b3'], headers)).toEqual({ b3: expected });
  });

  test('is passed on in several headers', async () => {
    expect(await through(['b3multi'], { b3: `${TRACE}-${SPAN}-1` })).toEqual(
      multi(TRACE, SPAN, { 'x-b3-sampled': '1' }),
    );
    expect(await through(['b3multi'], multi(SHORT, SPAN, { 'x-b3-sampled': 'false' }))).toEqual(
      multi(PADDED, SPAN, { 'x-b3-sampled': '0' }),
    );
  });

  test.each<[string, Headers]>([
    ['empty', { b3: '' }],
    ['of other characters', { b3: `${TRACE.replace('8', 'x')}-${SPAN}-1` }],
    ['in upper case', { b3: `${TRACE.toUpperCase()}-${SPAN}-1` }],
    ['of zeros', { b3: `${'0'.repeat(32)}-${SPAN}-1` }],
    ['too long', { b3: `a${TRACE}-${SPAN}-1` }],
    ['within a longer text', { b3: `x-${TRACE}-${SPAN}-1` }],
    ['twice', { b3: `${TRACE}-${SPAN}-1, ${TRACE}-${SPAN}-1` }],
    ['with another decision', { b3: `${TRACE}-${SPAN}-2` }],
    ['without a span id', { b3: TRACE }],
    ['in several headers, without a span id', { 'x-b3-traceid': TRACE, 'x-b3-sampled': '1' }],
    ['in several headers, of 48 bits', multi('abcdefabcdef', SPAN)],
    ['in several headers, with another decision', multi(TRACE, SPAN, { 'x-b3-sampled': 'maybe' })],
    ['in several headers, one of them twice', multi(`${TRACE}, ${TRACE}`, SPAN)],
    ['with a name of Object', { b3: 'constructor' }],
  ])('%s is ignored', async (_, headers) => {
    expect(await through(['b3', 'b3multi'], headers)).toEqual({});
  });

  test.each<[Headers, string | undefined]>([
    [{ b3: '0' }, 'unsampled'],
    [{ b3: 'd' }, 'sampled'],
    [{ 'x-b3-sampled': '1' }, 'sampled'],
    [{ b3: `${TRACE}-${SPAN}` }, 'deferred'],
    [multi(TRACE, SPAN), 'deferred'],
    [{ b3: `${TRACE}-${SPAN}-0` }, undefined],
  ])('%o leaves a decision: %s', async (headers, hint) => {
    const { read } = await createPropagation(['b3']);
    expect(samplingHintOf(read(headers))).toBe(hint);
  });
});

describe('the last kind of headers with a valid trace', () => {
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

  test('wins, and is passed on in every configured kind', async () => {
    const both = { traceparent, tracestate: 'a=1', b3: `${TRACE}-${SPAN}` };
    expect(await through(['tracecontext', 'b3'], both)).toEqual({
      traceparent: `00-${TRACE}-${SPAN}-00`,
      b3: `${TRACE}-${SPAN}-0`,
    });
    expect(await through(['b3', 'tracecontext'], both)).toMatchObject({ traceparent, tracestate: 'a=1' });
    const { read } = await createPropagation(['b3', 'tracecontext']);
    expect(samplingHintOf(read(both))).toBeUndefined();
  });

  test('is the valid one if the other is malformed', async () => {
    const { b3 } = await through(['tracecontext', 'b3'], { traceparent, b3: 'malformed' });
    expect(b3).toBe(`${'a'.repeat(32)}-${'b'.repeat(16)}-1`);
  });

  test('is not passed on without a propagator', async () => {
    expect(await through(['none'], { traceparent, baggage: 'a=1' })).toEqual({});
  });
});

describe('baggage', () => {
  const baggage = async (header: string) => (await through(['baggage'], { baggage: header }))['baggage'];

  test('is passed on as it is, and dropped where it is malformed', async () => {
    expect(await baggage('a=1')).toBe('a=1');
    expect(await baggage('key1=value1;p1;p2=v2 , key2 = %20x')).toBe('key1=value1;p1;p2=v2,key2 = %20x');
    expect(await baggage('a=%zz,b=%4,c=d e,d="x",=v,e,f=\\,g=1')).toBe('g=1');
    expect(await baggage('a=é,')).toBeUndefined();
    expect(await baggage('')).toBeUndefined();
  });

  test('has at most 64 members and 8192 characters', async () => {
    const members = Array.from({ length: 100 }, (_, index) => `k${index}=v`);
    expect(await baggage(members.join(','))).toBe(members.slice(0, 64).join(','));
    const long = Array.from({ length: 10 }, (_, index) => `k${index}=${'v'.repeat(1_000)}`);
    expect(await baggage(long.join(','))).toBe(long.slice(0, 8).join(','));
    expect(await baggage(`a=${'v'.repeat(9_000)}`)).toBeUndefined();
  });
});
