import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../router/config/config.ts';
import { createTelemetry } from '../../router/telemetry/telemetry.ts';
import { createLog } from '../../router/telemetry/log.ts';

function logTo(text: string, { isTTY = false, env = {} } = {}) {
  const lines: string[] = [];
  const { telemetry } = parseConfig(text, { env, fileName: 'router.yaml', directory: '.' });
  const log = createLog(telemetry, {
    isTTY,
    write: (line) => void lines.push(stripVTControlCharacters(line)),
  });
  return { log, lines };
}

describe('the log', () => {
  test('is JSON, with at most three decimal places', () => {
    const { log, lines } = logTo('telemetry: { serviceName: shop }');
    log.info({ ms: 23.29392299999995, heap: 0.5, bytes: 19, share: 0.00049 }, 'request');
    const [line = ''] = lines;
    expect(line).toMatch(/\n$/);
    expect(line).toContain('"ms":23.294,"heap":0.5,"bytes":19,"share":0,');
    expect(JSON.parse(line)).toMatchObject({ level: 'info', service: 'shop', msg: 'request' });
  });

  test('reports failures as warnings and recoveries as information', () => {
    const levels: unknown[] = [];
    const { telemetry } = parseConfig('', { env: {}, fileName: 'router.yaml', directory: '.' });
    const write = (line: string) => void levels.push(JSON.parse(line).level);
    const report = createTelemetry(telemetry, { destination: { write } });
    const pressure = { limit: 4, delayMs: 0, busy: 0, heap: 0 };
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
    const { log, lines } = logTo('', { isTTY: true });
    log.warn({ subgraph: 'books', ms: 1.23456 }, 'endpoint ejected');
    expect(lines).toEqual([
      expect.stringMatching(/^\d\d:\d\d:\d\d WARN  endpoint ejected subgraph=books ms=1\.235\n$/),
    ]);
  });

  test('has the configured format for every output', () => {
    const text = logTo('telemetry: { logFormat: text }');
    text.log.error({ err: new Error('it broke') }, 'failed');
    expect(text.lines.join('')).toMatch(/ERROR failed\n +Error: it broke\n/);
    const json = logTo('telemetry: { logFormat: text }', { isTTY: true, env: { LOG_FORMAT: 'json' } });
    json.log.info('started');
    expect(JSON.parse(json.lines[0] ?? '')).toMatchObject({ msg: 'started' });
  });

  test('keeps control characters of clients off the terminal', () => {
    const { log, lines } = logTo('', { isTTY: true });
    log.info({ operationName: 'a\u001b[2J\nb' }, 'request');
    expect(lines.join('')).toMatch(/operationName=a b\n$/);
  });
});
