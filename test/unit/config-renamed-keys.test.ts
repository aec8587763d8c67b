import { expect, test } from 'vitest';
import { configJsonSchema } from '../../router/config/config-schema.ts';
import { parseConfig } from '../../router/config/config.ts';
import { warnOfRenamedKeys } from '../../router/config/renamed-keys.ts';

const parse = (text: string) => parseConfig(text, { env: {}, fileName: 'router.yaml', directory: '.' });

function warningsOf(text: string): unknown[] {
  const warnings: unknown[] = [];
  warnOfRenamedKeys(parse(text), { warn: (fields: unknown) => void warnings.push(fields) });
  return warnings;
}

test('a renamed key is read under its old name, with a warning that has file, line and the new name', () => {
  const old =
    'mode: development\ntraffic:\n  sharing:\n    calls: false\nrateLimit: { overrunPercent: 7 }\n' +
    'authentication: { refusedTokensPerMinute: 9 }\n';
  expect(parse(old).traffic.deduplication).toEqual({ calls: false, queries: true });
  expect(parse(old).rateLimit.maxSurchargePercent).toBe(7);
  expect(parse(old).authentication.rejectedTokensPerMinute).toBe(9);
  expect(warningsOf(old)).toEqual([
    { setting: 'router.yaml:3: traffic.sharing', use: 'traffic.deduplication' },
    { setting: 'router.yaml:5: rateLimit.overrunPercent', use: 'rateLimit.maxSurchargePercent' },
    {
      setting: 'router.yaml:6: authentication.refusedTokensPerMinute',
      use: 'authentication.rejectedTokensPerMinute',
    },
  ]);
});

test('the new name gives no warning', () => {
  expect(warningsOf('traffic: { deduplication: { calls: false } }')).toEqual([]);
});

test('a wrong value below an old name is reported with its line', () => {
  expect(() => parse('traffic:\n  sharing:\n    calls: 3\n')).toThrow(
    /^router\.yaml:3: traffic\.deduplication\.calls: /,
  );
});

test('an old name beside the new one is an unknown key', () => {
  expect(() => parse('traffic:\n  deduplication: {}\n  sharing: {}\n')).toThrow(
    /^router\.yaml:3: traffic\.sharing: unknown key; known keys: .*deduplication/,
  );
});

test('an old name in a mapping that is merged in is read', () => {
  const text = 'traffic:\n  <<: { sharing: { queries: false } }\n';
  expect(parse(text).traffic.deduplication.queries).toBe(false);
  expect(warningsOf(text)).toHaveLength(1);
});

test('the schema has only the new names', () => {
  const schema = JSON.stringify(configJsonSchema());
  expect(schema).toContain('"deduplication"');
  expect(schema).not.toMatch(/"sharing"|"overrunPercent"|"refusedTokensPerMinute"/);
});
