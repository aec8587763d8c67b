import { expect, test } from 'vitest';
import { parseConfig } from '../../router/config/config.ts';

function faultOf(text: string, env: Readonly<Record<string, string>> = {}): string {
  try {
    parseConfig(text, { env, fileName: 'router.yaml', directory: '.' });
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

test.each([
  ['listen: { port: 7000 }\nadmin: { port: 7000 }', 'admin.port', 'must differ from `listen.port`'],
  ['listen: { port: 9090 }', 'admin.port', 'must differ from `listen.port`'],
  ['listen: { port: 7000 }\nhealth: { port: 7000 }', 'health.port', 'must differ from `listen.port`'],
  ['health: { port: 9090 }', 'health.port', 'must differ from `admin.port`'],
  ['listen: { host: 0.0.0.0 }\nhealth: { port: 4000 }', 'health.port', 'must differ from `listen.port`'],
])('rejects equal ports and names both keys: %s', (text, key, message) => {
  const fault = faultOf(text);
  expect(fault).toContain(key);
  expect(fault).toContain(message);
});

test('rejects a port of the environment that equals a port of the file', () => {
  expect(faultOf('admin: { port: 7000 }', { PORT: '7000' })).toContain('must differ from `listen.port`');
});

test.each([
  '{}',
  'listen: { port: 0 }\nadmin: { port: 0 }\nhealth: { port: 0 }',
  'listen: { port: 7000 }\nadmin: { port: 7000, enabled: false }',
  'listen: { port: 7000, host: 0.0.0.0 }\nadmin: { port: 7000, host: "::1" }',
  'listen: { port: 7000, host: 127.0.0.1 }\nadmin: { port: 7000, host: 127.0.0.2 }',
])('accepts ports that do not collide: %s', (text) => {
  expect(faultOf(text)).toBe('');
});
