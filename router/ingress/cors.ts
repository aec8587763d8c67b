import type { IncomingMessage } from 'node:http';
import type { Config } from '../config/config-schema.ts';

const SANDBOX_ORIGINS = ['https://studio.apollographql.com', 'https://sandbox.embed.apollographql.com'];
const EXPOSED =
  'x-request-id, x-correlation-id, x-degraded, www-authenticate, retry-after, ratelimit, ratelimit-policy, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset';

export type Cors = {
  /** Request headers that a response depends on, whether or not its request has them. */
  readonly vary: string;
  /** Headers that let the request's origin read the response; empty if the origin is not allowed. */
  readonly headersFor: (request: IncomingMessage) => Record<string, string>;
  /** Headers of the answer to a preflight. */
  readonly preflightHeaders: (request: IncomingMessage) => Record<string, string>;
};

/** Cross-origin rules after the Fetch standard. Apollo Sandbox is allowed in development. */
export function createCors(config: Config['cors'], mode: Config['mode']): Cors {
  const origins = new Set(config.origins ?? (mode === 'development' ? SANDBOX_ORIGINS : []));
  const any = origins.has('*');

  function headersFor({ headers }: IncomingMessage): Record<string, string> {
    const { origin } = headers;
    if (origin === undefined || !(any || origins.has(origin))) return {};
    return {
      'access-control-allow-origin': any ? '*' : origin,
      'access-control-expose-headers': EXPOSED,
      ...(config.credentials ? { 'access-control-allow-credentials': 'true' } : {}),
    };
  }

  function preflightHeaders(request: IncomingMessage): Record<string, string> {
    const allowed = headersFor(request);
    if (!('access-control-allow-origin' in allowed)) return {};
    return {
      ...allowed,
      'access-control-allow-methods': 'GET, POST, OPTIONS',
      'access-control-allow-headers':
        config.allowedHeaders?.join(', ') ?? request.headers['access-control-request-headers'] ?? '',
      'access-control-max-age': String(config.maxAgeS),
    };
  }

  return { vary: any || origins.size === 0 ? '' : 'origin', headersFor, preflightHeaders };
}
