import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { assertFile } from '../../router/config/config.ts';
import { MisuseError, positiveNumber } from '../command-spec.ts';
import { CI_FORMAT_OPTION } from '../outcome.ts';
import { parseGraphRef } from './graph-ref.ts';

/** The options of every verb that calls a registry. */
export const REGISTRY_OPTIONS = {
  graph: {
    type: 'string',
    short: 'g',
    value: 'GRAPH@VARIANT',
    description: 'The graph and its variant, such as shop@production. Default: TRIBUTARY_GRAPH.',
  },
  registry: {
    type: 'string',
    value: 'URL',
    description: 'URL of the registry. Default: TRIBUTARY_REGISTRY.',
  },
  key: {
    type: 'string',
    value: 'KEY',
    description:
      'The API key, a file that contains it, or - for stdin. Default: TRIBUTARY_KEY or the file TRIBUTARY_KEY_FILE.',
  },
  timeout: {
    type: 'string',
    value: 'SECONDS',
    default: '120',
    description: 'Time limit for the whole command.',
  },
  format: CI_FORMAT_OPTION,
} as const;

/** Values of the options of every verb that calls a registry. */
export type RegistryValues = {
  readonly graph: string | undefined;
  readonly registry: string | undefined;
  readonly key: string | undefined;
  readonly timeout: string;
};

/** A registry, the access to it, and the time that a command may take. */
export type Connection = {
  /** URL of the registry without a slash at its end. */
  readonly url: string;
  readonly key: string;
  readonly timeoutMs: number;
};

/**
 * Returns the registry that the options or the environment name.
 * @throws {MisuseError} if something is missing or malformed
 */
export async function connectionOf(values: RegistryValues, env = process.env): Promise<Connection> {
  return {
    url: registryUrl(values.registry ?? env['TRIBUTARY_REGISTRY']),
    timeoutMs: positiveNumber('timeout', values.timeout) * 1000,
    key: await keyOf(values.key, env),
  };
}

/**
 * Returns the graph and variant that the options or the environment name.
 * @throws {MisuseError} if it is missing or malformed
 */
export function graphRefOf({ graph }: Pick<RegistryValues, 'graph'>, env = process.env): string {
  const ref = graph ?? env['TRIBUTARY_GRAPH'];
  if (ref === undefined || ref === '')
    throw new MisuseError('name the graph and variant with --graph GRAPH@VARIANT or TRIBUTARY_GRAPH');
  return parseGraphRef(ref);
}

function registryUrl(text: string | undefined): string {
  if (text === undefined || text === '')
    throw new MisuseError('name the registry with --registry URL or TRIBUTARY_REGISTRY');
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new MisuseError('--registry must be a URL such as http://127.0.0.1:4010');
  if (url.username !== '' || url.password !== '')
    throw new MisuseError('--registry must not contain a user or a password; give the API key with --key');
  return `${url.origin}${url.pathname.replace(/\/(?:graphql\/?)?$/, '')}`;
}

async function keyOf(given: string | undefined, env: NodeJS.ProcessEnv): Promise<string> {
  const key = (given === undefined ? environmentKey(env) : await optionKey(given)).trim();
  if (key === '') throw new MisuseError('give the API key with --key FILE or TRIBUTARY_KEY');
  // A header can carry only these. The key itself must not appear in the message.
  if (!/^[\x21-\x7e]+$/.test(key))
    throw new MisuseError('the API key has spaces or line breaks; it is one word such as trib_…');
  return key;
}

function environmentKey(env: NodeJS.ProcessEnv): string {
  const file = env['TRIBUTARY_KEY_FILE'];
  if (env['TRIBUTARY_KEY'] !== undefined && env['TRIBUTARY_KEY'] !== '') return env['TRIBUTARY_KEY'];
  return file === undefined ? '' : keyFile(file, 'TRIBUTARY_KEY_FILE: ');
}

async function optionKey(given: string): Promise<string> {
  if (given === '-') return text(process.stdin);
  return given.startsWith('trib_') ? given : keyFile(given, '--key: ');
}

function keyFile(file: string, prefix: string): string {
  assertFile(file, prefix);
  return readFileSync(file, 'utf8');
}
