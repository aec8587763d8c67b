import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { isDebugToken } from '../../router/trace/debug-token.ts';
import { runVerb } from '../support/processes/run-verb.ts';

const KEYS = [
  { id: 'new', secret: 'a-secret-of-at-least-32-characters' },
  { id: 'old', secret: 'another-secret-of-32-characters-or-more' },
];
const folder = mkdtempSync(join(tmpdir(), 'tributary-debug-token-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function configFile(name: string, config: object): string {
  const file = join(folder, `${name}.yaml`);
  writeFileSync(file, JSON.stringify({ supergraph: { file: 'supergraph.graphql' }, ...config }));
  return file;
}

const signing = configFile('signing', { mode: 'production', identity: { keys: KEYS } });

test.each([
  [['--expires', '90s'], 90, 'new'],
  [['--expires', '1h'], 3_600, 'new'],
  [['--expires', '24h'], 86_400, 'new'],
  [[], 900, 'new'],
  [['--key', 'old'], 900, 'old'],
])(
  'debug-token %j mints a token that the router accepts until it expires',
  async (options, lifetimeS, key) => {
    const outcome = await runVerb('debug-token', '--config', signing, ...options);
    if (outcome.kind !== 'success') throw new Error(outcome.message);
    const token = outcome.plain.trim();
    const signer = KEYS.filter(({ id }) => id === key);
    const now = Date.now();
    expect(isDebugToken(token, signer, now)).toBe(true);
    expect(isDebugToken(token, signer, now + (lifetimeS - 60) * 1000)).toBe(true);
    expect(isDebugToken(token, signer, now + lifetimeS * 1000)).toBe(false);
    expect(outcome.data).toMatchObject({ token, keyId: key });
  },
);

test.each([
  ['without identity keys', configFile('unsigned', {}), [], 'NO_IDENTITY_KEY'],
  ['with the id of no key', signing, ['--key', 'none'], 'NO_IDENTITY_KEY'],
  [
    'if nobody may see traces',
    configFile('never', { identity: { keys: KEYS }, trace: { expose: 'never' } }),
    [],
    'TRACES_NOT_EXPOSED',
  ],
])('debug-token fails %s', async (_, file, options, code) => {
  expect(await runVerb('debug-token', '--config', file, ...options)).toMatchObject({ kind: 'failure', code });
});

test.each(['0m', '25h', '1d', '-1h', '1.5h', 'soon', ''])(
  'debug-token rejects --expires %j',
  async (expires) => {
    await expect(runVerb('debug-token', '--config', signing, `--expires=${expires}`)).rejects.toThrow(
      '--expires must be a time such as 90s, 15m or 1h, at most 24h',
    );
  },
);
