import { loadConfig } from '../../router/config/config.ts';
import { MAX_LIFETIME_S, createDebugToken } from '../../router/trace/debug-token.ts';
import { exposureOf } from '../../router/trace/may-see-internals.ts';
import { MisuseError } from '../command-spec.ts';
import { FORMAT_OPTION } from '../outcome.ts';
import type { Outcome } from '../outcome.ts';
import { routerEnvironment } from '../router-config.ts';
import { CONFIG_OPTION } from '../single-command.ts';
import { defineVerb } from '../verb.ts';

export const debugToken = defineVerb(
  {
    name: 'debug-token',
    summary:
      'Prints a token for the header `tributary-debug`, which shows the traces and query plans of requests in production.',
    examples: [
      'tributary debug-token --expires 1h',
      'curl -H "tributary-debug: $(tributary debug-token)" -H "tributary-trace: true" …',
    ],
    options: {
      expires: {
        type: 'string',
        value: 'TIME',
        default: '15m',
        description: 'Lifetime of the token, such as 90s, 15m or 1h. At most 24h.',
      },
      key: {
        type: 'string',
        value: 'ID',
        description: 'Id of the key in `identity.keys` that signs the token. Default: the first one.',
      },
      config: CONFIG_OPTION,
      format: FORMAT_OPTION,
    },
  },
  async ({ values }): Promise<Outcome> => {
    const lifetimeS = readLifetime(values.expires);
    const config = loadConfig(routerEnvironment(values), process.cwd());
    if (exposureOf(config) === 'never')
      return failure('TRACES_NOT_EXPOSED', 'the router accepts no debug token: `trace.expose` is `never`');
    const { keys } = config.identity;
    const key = values.key === undefined ? keys[0] : keys.find(({ id }) => id === values.key);
    if (key === undefined)
      return failure(
        'NO_IDENTITY_KEY',
        values.key === undefined
          ? 'router.yaml has no key to sign with: set `identity.keys` or IDENTITY_KEYS'
          : `identity.keys has no key with the id ${values.key}`,
      );
    const now = Date.now();
    const token = createDebugToken(key, { now, lifetimeS });
    const expiresAt = new Date(now + lifetimeS * 1000).toISOString();
    return { kind: 'success', plain: `${token}\n`, data: { token, expiresAt, keyId: key.id } };
  },
);

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 };

function readLifetime(text: string): number {
  const [, amount, unit = ''] = /^(\d{1,6})([smh])$/.exec(text) ?? [];
  const seconds = Number(amount) * (SECONDS[unit] ?? NaN);
  if (seconds > 0 && seconds <= MAX_LIFETIME_S) return seconds;
  throw new MisuseError(`--expires must be a time such as 90s, 15m or 1h, at most 24h, not "${text}"`);
}

function failure(code: string, message: string): Outcome {
  return { kind: 'failure', code, message };
}
