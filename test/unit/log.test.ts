import { spawnSync } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../router/config/yaml/read-yaml.ts';
import { parseConfig } from '../../router/config/config.ts';
import { createTelemetry } from '../../router/telemetry/telemetry.ts';
import { createLog } from '../../router/telemetry/log.ts';
import { formatLine } from '../../router/telemetry/log-line.ts';
import { scheduleTimer } from '../../router/shared/schedule.ts';
import { createLineLimit } from '../../router/telemetry/log/line-limit.ts';
import type { SuppressedLines } from '../../router/telemetry/log/line-limit.ts';
import { createRequestLog } from '../../router/telemetry/log/request-log.ts';
import type { RequestLogEntry } from '../../router/telemetry/log/request-line.ts';

const AT = Date.UTC(2026, 10, 27, 15, 18, 28, 7);

function telemetryOf(text: string, env = {}) {
  return parseConfig(text, { env, fileName: 'router.yaml', directory: '.' }).telemetry;
}

function logTo(text: string, { isTTY = false, env = {} } = {}) {
  const lines: string[] = [];
  const telemetry = telemetryOf(text, env);
  const timers: (() => void)[] = [];
  const destination = { isTTY, write: (line: string) => void lines.push(stripVTControlCharacters(line)) };
  const routerLog = createLog(telemetry, destination, { schedule: scheduleTimer, later: setImmediate });
  const requests = createRequestLog(telemetry.logs, {
    ...routerLog,
    serviceName: telemetry.serviceName,
    now: () => AT,
    schedule(action) {
      timers.push(action);
      return { [Symbol.dispose]: () => undefined };
    },
  });
  return { log: routerLog.log, requests, lines, endWindow: () => timers.shift()?.() };
}

/** Returns the lines of requests with a configuration, parsed. */
function requestLines(text: string, ...entries: RequestLogEntry[]): Record<string, unknown>[] {
  const { requests, lines } = logTo(text);
  for (const entry of entries) requests.write(entry);
  return lines.map((line) => JSON.parse(line));
}

describe('the log', () => {
  test('is JSON with ISO times, with at most three decimal places', () => {
    const { log, lines } = logTo('telemetry: { serviceName: shop }');
    log.info({ ms: 23.29392299999995, heap: 0.5, bytes: 19, share: 0.00049 }, 'supergraph activated');
    const [line = ''] = lines;
    expect(line).toMatch(/\n$/);
    expect(line).toContain('"ms":23.294,"heap":0.5,"bytes":19,"share":0,');
    const parsed = JSON.parse(line);
    expect(parsed).toMatchObject({ level: 'info', service: 'shop', msg: 'supergraph activated' });
    expect(new Date(parsed.time).toISOString()).toBe(parsed.time);
  });

  test('reports failures as warnings and recoveries as information', () => {
    const levels: unknown[] = [];
    const write = (line: string) => void levels.push(JSON.parse(line).level);
    const report = createTelemetry(telemetryOf(''), { destination: { write } });
    const pressure = { limit: 4, queueMs: 0, delayMs: 0, busy: 0, heap: 0 };
    for (const isRecovery of [false, true]) {
      const state = isRecovery ? 'ready' : 'lost';
      const [from, to] = isRecovery ? (['half-open', 'closed'] as const) : (['closed', 'open'] as const);
      report.redisChanged({ client: 'commands', state });
      report.revocationsChanged({ source: 'redis', state });
      report.overloadChanged({ ...pressure, overloaded: !isRecovery });
      report.breakerChanged({ subgraph: 'books', from, to, forced: false });
      report.keysFetched({ issuer: 'shop', outcome: isRecovery ? 'ok' : 'failed', failures: 1 });
    }
    expect(levels).toEqual([...Array(5).fill('warn'), ...Array(5).fill('info')]);
  });

  test('is text on a terminal', () => {
    const { log, lines } = logTo('telemetry: { logs: { fields: { rename: { msg: message } } } }', {
      isTTY: true,
    });
    log.warn({ subgraph: 'books', ms: 1.23456 }, 'endpoint ejected');
    expect(lines).toEqual([
      expect.stringMatching(/^\d\d:\d\d:\d\d WARN  endpoint ejected subgraph=books ms=1\.235\n$/),
    ]);
  });

  test('has the configured format for every output', () => {
    const text = logTo('telemetry: { logFormat: text }');
    text.log.error({ err: new Error('it \u001b[2Jbroke') }, 'failed');
    expect(text.lines.join('')).toMatch(/ERROR failed\n +Error: it broke\n/);
    const json = logTo('telemetry: { logFormat: text }', { isTTY: true, env: { LOG_FORMAT: 'json' } });
    json.log.info('started');
    expect(JSON.parse(json.lines[0] ?? '')).toMatchObject({ msg: 'started' });
  });
});

test('a router in a worker thread, whose `process.stdout` has no descriptor, writes its log', () => {
  const module = new URL('../../router/telemetry/log.ts', import.meta.url).href;
  const telemetry = JSON.stringify(telemetryOf('telemetry: { logFormat: json }'));
  const parts = '{ schedule: setTimeout, later: setImmediate }';
  const thread = `import('${module}').then((m) => m.createLog(${telemetry}, undefined, ${parts}).log.info('here'))`;
  const program = `new (require('node:worker_threads').Worker)(${JSON.stringify(thread)}, { eval: true })`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--eval', program], { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toMatchObject({ msg: 'here' });
});

const FULL: RequestLogEntry = {
  requestId: 'req-1',
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  correlationId: 'checkout-7',
  method: 'POST',
  path: '/graphql',
  status: 200,
  ms: 312.40512,
  clientIp: '192.0.2.7',
  userAgent: 'shop-web/3.1',
  clientName: 'web',
  clientVersion: '3.1',
  graph: 'partner',
  operationName: 'OrderPage',
  operationType: 'query',
  operationHash: '3f1c9a0b77d2e415',
  userId: 'u-17',
  userIssuer: 'https://id.example',
  tenant: 'acme',
  cost: { requested: 28, actual: 12 },
  rateLimitRemaining: 972,
  subgraphs: [{ subgraph: 'inventory', calls: 2, us: 263_100, slowestUs: 251_404 }],
  criticalPath: '312 ms: order 40 → inventory 251 → router 21',
  degraded: ['inventory'],
  codes: ['SUBGRAPH_TIMEOUT'],
  cache: 'hit',
  generation: '659decbcc07f',
  bytes: 665,
  deduplicatedBy: 'req-0',
  deduplicatedCalls: { product: 'req-0' },
  deprecated: ['Product.sku'],
};

describe('the line of a request', () => {
  test('has every field of the list that has a value, in its order', () => {
    const [line] = requestLines('', FULL);
    const { ms: _, subgraphs: __, ...same } = FULL;
    expect(line).toEqual({
      ...same,
      time: '2026-11-27T15:18:28.007Z',
      level: 'info',
      msg: 'request',
      service: 'tributary',
      ms: 312.405,
      subgraphs: { inventory: { calls: 2, ms: 263.1, slowest: 251.404 } },
    });
    expect(Object.keys(line ?? {})).toEqual(['time', 'level', 'msg', 'service', ...Object.keys(FULL)]);
    expect(requestLines('', { status: 404, codes: [], degraded: [] })).toEqual([
      { time: '2026-11-27T15:18:28.007Z', level: 'info', msg: 'request', service: 'tributary', status: 404 },
    ]);
  });

  test('has the chosen fields under their configured names', () => {
    const config = `telemetry: { logs: { fields: {
      include: [requestId, status, ms], exclude: [ms], rename: { time: '@timestamp', status: http.status } } } }`;
    expect(requestLines(config, FULL)).toEqual([
      {
        '@timestamp': '2026-11-27T15:18:28.007Z',
        level: 'info',
        msg: 'request',
        requestId: 'req-1',
        'http.status': 200,
      },
    ]);
    const { log, lines } = logTo(config);
    log.info({ status: 503 }, 'other line');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      '@timestamp': expect.any(String),
      'http.status': 503,
    });
  });

  test('redacts the configured fields in all lines', () => {
    const config = `telemetry: { logs: { hashKey: 0123456789abcdef,
      redact: { userId: hash, clientIp: truncate, cost: mask, userIssuer: mask } } }`;
    const [line, other, v6] = requestLines(
      config,
      FULL,
      { ...FULL, userId: 'u-18' },
      { clientIp: '2001:db8:1:2::3' },
    );
    expect(line).toMatchObject({ clientIp: '192.0.2.0/24', cost: '***', userIssuer: '***' });
    expect(line?.['userId']).toMatch(/^[\da-f]{16}$/);
    expect(other?.['userId']).not.toBe(line?.['userId']);
    expect(v6).toMatchObject({ clientIp: '2001:db8:1::/48' });
    const { log, lines } = logTo(config);
    log.warn({ userId: 'u-17', clientIp: '192.0.2.7' }, 'authentication failed');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ userId: line?.['userId'], clientIp: '192.0.2.0/24' });
  });

  test('rejects unknown fields, equal names and impossible redaction, and names the known fields', () => {
    const problems = (logs: string) => {
      try {
        telemetryOf(`telemetry:\n  logs: ${logs}`);
        return [];
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        return error.problems;
      }
    };
    expect(problems('{ fields: { exclude: [useragent] } }')).toEqual([
      expect.stringMatching(
        /^router\.yaml:2: telemetry\.logs\.fields\.exclude\.0: unknown log field, did you mean userAgent\? Known fields: service, requestId, .*deprecated \(found "useragent"\)$/,
      ),
    ]);
    expect(
      problems(
        '{ fields: { rename: { xyzzyx: a, ms: status }, include: [] }, redact: { userId: hash, ms: truncate, msg: mask } }',
      ),
    ).toEqual([
      expect.stringContaining(
        'telemetry.logs.fields.rename.xyzzyx: unknown log field; known fields: time, level, msg, service,',
      ),
      expect.stringContaining('telemetry.logs.redact.userId: `hash` requires `telemetry.logs.hashKey`'),
      expect.stringContaining('telemetry.logs.redact.ms: `truncate` is for `clientIp` only'),
      expect.stringContaining('telemetry.logs.redact.msg: this field cannot be redacted'),
      expect.stringContaining('telemetry.logs.fields.rename: two fields have the name status'),
    ]);
    expect(problems('{ fields: { rename: { ms: __proto__ } } }')).toEqual([
      expect.stringContaining('telemetry.logs.fields.rename.ms: must be 1 to 64 letters'),
    ]);
  });

  test('keeps hostile values harmless: controls, huge texts, prototype keys', () => {
    const hostile = 'a\u001b[2J\nb\u0085\u009b\u2028\u202e"\\\ud800';
    const texts = { userAgent: hostile, operationName: hostile, clientName: hostile, userId: hostile };
    const { requests, lines } = logTo('');
    requests.write({
      ...texts,
      path: 'x'.repeat(100_000),
      codes: Array.from({ length: 1_000 }, () => hostile),
      subgraphs: [{ subgraph: '__proto__', calls: 1, us: 1_000, slowestUs: 1_000 }],
      deduplicatedCalls: Object.fromEntries([['__proto__', 'req-1']]),
    });
    const [line = ''] = lines;
    expect(line.length).toBeLessThan(4_000);
    // oxlint-disable-next-line no-control-regex
    expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/);
    expect(line).not.toMatch(/\\u00[01]/);
    const parsed = JSON.parse(line);
    expect(Object.getOwnPropertyNames(parsed.subgraphs)).toEqual(['__proto__']);
    expect(parsed).toMatchObject({ userAgent: 'a\ufffd[2J\ufffdb\ufffd\ufffd\ufffd\ufffd"\\\ud800' });
    expect(JSON.stringify(parsed)).not.toContain('polluted');

    const text = logTo('', { isTTY: true });
    text.log.info({ reason: hostile, ['__proto__']: 1 }, 'manifest rejected');
    // oxlint-disable-next-line no-control-regex
    expect(text.lines.join('').slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/);
  });

  test('is readable text that says what a slow request waited for', () => {
    const { requests, lines } = logTo('', { isTTY: true });
    requests.write({
      ...FULL,
      deduplicatedBy: undefined,
      deduplicatedCalls: undefined,
      deprecated: undefined,
    });
    requests.write({ ...FULL, ms: 12.3, degraded: undefined, codes: undefined });
    const [slow = '', fast = ''] = lines;
    expect(slow).toMatch(
      /^\d\d:\d\d:\d\d INFO {2}POST \/graphql 200 312\.405 ms query OrderPage cost=28→12 requestId=req-1 .*codes=\["SUBGRAPH_TIMEOUT"\] cache=hit \(312 ms: order 40 → inventory 251 → router 21\)\n$/,
    );
    expect(fast).not.toContain('order 40');
    expect(slow).not.toContain('4bf92f');
    const renamed = JSON.stringify({ message: 'request', status: 200, method: 'GET', path: '/', ms: 1 });
    expect(stripVTControlCharacters(formatLine('router', renamed, { msg: 'message' }))).toMatch(
      /^\d\d:\d\d:\d\d router {4}INFO {2}GET \/ 200 1 ms$/,
    );
  });
});

describe('lines that clients can cause', () => {
  test('are limited for each caller and kind, and counted', () => {
    const { requests, lines, endWindow } = logTo('telemetry: { logs: { rejectionsPerMinute: 2 } }');
    const rejected = (clientIp: string, more: RequestLogEntry = {}) =>
      requests.write({ status: 429, codes: ['RATE_LIMITED'], clientIp, ...more });
    for (let index = 0; index < 5; index += 1) rejected('192.0.2.1');
    rejected('192.0.2.2');
    for (let index = 0; index < 3; index += 1) rejected('192.0.2.3', { userId: 'u-1', userIssuer: 'i' });
    for (let index = 0; index < 4; index += 1) requests.connectionRejected('malformed request', '192.0.2.9');
    for (let index = 0; index < 9; index += 1)
      requests.write({ status: 500, codes: ['INTERNAL_SERVER_ERROR'] });
    const counts = Object.groupBy(
      lines.map((line) => JSON.parse(line)),
      ({ codes, reason }) => codes?.[0] ?? reason,
    );
    expect(counts['RATE_LIMITED']?.length).toBe(5);
    expect(counts['malformed request']?.length).toBe(2);
    expect(counts['INTERNAL_SERVER_ERROR']?.length).toBe(9);
    lines.length = 0;
    endWindow();
    const suppressed = { level: 'warn', msg: 'log lines of rejections suppressed', windowS: 60 };
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { ...suppressed, of: 'RATE_LIMITED', clientIp: '192.0.2.1', count: 3 },
      { ...suppressed, of: 'malformed request', clientIp: '192.0.2.9', count: 2 },
      { ...suppressed, of: 'RATE_LIMITED', userId: 'u-1', userIssuer: 'i', count: 1 },
    ]);
    rejected('192.0.2.1');
    expect(lines.length).toBe(4);
  });

  test('have a total limit, and a bounded number of counted callers', () => {
    const reports: (readonly SuppressedLines<string>[])[] = [];
    using limit = createLineLimit<string>({
      perKey: 10,
      total: 5,
      windowMs: 60_000,
      schedule: () => ({ [Symbol.dispose]: () => undefined }),
      onSuppressed: (suppressed) => void reports.push(suppressed),
    });
    const admitted = Array.from({ length: 10_000 }, (_, index) =>
      limit.admit(`${index}`, () => `key ${index}`),
    );
    expect(admitted.filter((isAdmitted) => isAdmitted).length).toBe(5);
    limit[Symbol.dispose]();
    const [report = []] = reports;
    expect(report.length).toBe(21);
    expect(report.at(-1)).toEqual({ labels: undefined, count: 10_000 - 5 - 20 });
    limit[Symbol.dispose]();
    expect(reports.length).toBe(1);
  });

  test('health checks are sampled, and each change of their status is logged', () => {
    const { requests, lines } = logTo('telemetry: { logs: { sampleHealth: 3 } }');
    for (const status of [200, 200, 200, 200, 503, 503, 200])
      requests.write({ method: 'GET', path: '/livez', status }, 'some');
    expect(lines.map((line) => JSON.parse(line).status)).toEqual([200, 200, 503, 200]);
    const none = logTo('telemetry: { logs: { sampleHealth: 0 } }');
    none.requests.write({ method: 'GET', path: '/livez', status: 503 }, 'some');
    expect(none.lines).toEqual([]);
  });
});
