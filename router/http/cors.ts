import type { IncomingMessage } from 'node:http';
import type { Config } from '../config/config-schema.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { matchesOrigin, parseOriginPattern } from '../shared/origin-pattern.ts';

/** Origins that are allowed in development: Apollo Sandbox, and pages served by the developer's machine. */
const DEVELOPMENT_ORIGINS = [
  'https://studio.apollographql.com',
  'https://sandbox.embed.apollographql.com',
  'http://localhost:*',
  'http://127.0.0.1:*',
  'http://[::1]:*',
];
const EXPOSED =
  'x-request-id, x-correlation-id, x-degraded, www-authenticate, retry-after, ratelimit, ratelimit-policy, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset';

const LONGEST_LOGGED = 200;

const NONE: Readonly<Record<string, string>> = {};

/** Creates the CORS headers of responses to clients. */
export type Cors = {
  /**
   * Value of the response header `Vary`: the request headers on which the CORS headers depend. Every response
   * has this same value, even if the request lacks these headers, so that a cache never serves one origin's
   * response to another.
   */
  readonly vary: string;
  /**
   * Returns the headers with which the browser lets the request's origin read the response; empty if the
   * origin is not allowed.
   */
  readonly headersFor: (request: IncomingMessage) => Readonly<Record<string, string>>;
  /** Returns the headers of the response to a preflight. */
  readonly preflightHeaders: (request: IncomingMessage) => Record<string, string>;
};

export type CorsParts = {
  readonly mode: Config['mode'];
  readonly log: Pick<Telemetry['log'], 'warn'>;
};

/** Creates the functions that return CORS headers, as the Fetch standard defines them. */
export function createCors(config: Config['cors'], { mode, log }: CorsParts): Cors {
  const origins = config.origins ?? (mode === 'development' ? DEVELOPMENT_ORIGINS : []);
  const any = origins.includes('*');
  const isAllowed = createOriginCheck(origins);
  let isRejectionLogged = false;

  function headersFor({ headers }: IncomingMessage): Readonly<Record<string, string>> {
    const { origin, host } = headers;
    if (origin === undefined) return NONE;
    if (!any && !isAllowed(origin)) {
      if (!isSameOrigin(origin, host)) logRejection(origin);
      return {};
    }
    return {
      'access-control-allow-origin': any ? '*' : origin,
      'access-control-expose-headers': EXPOSED,
      ...(config.credentials ? { 'access-control-allow-credentials': 'true' } : {}),
    };
  }

  // Logs the first origin that is rejected, because browsers do not report a CORS rejection to the operator
  // of the router. Further rejections are not logged: a client can send any origin, and could fill the log.
  function logRejection(origin: string): void {
    if (isRejectionLogged) return;
    isRejectionLogged = true;
    const setting = 'cors.origins';
    log.warn({ origin: origin.slice(0, LONGEST_LOGGED), setting }, 'browser origin rejected');
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

  return { vary: any || origins.length === 0 ? '' : 'origin', headersFor, preflightHeaders };
}

function createOriginCheck(origins: readonly string[]): (origin: string) => boolean {
  const exact = new Set(
    origins.filter((origin) => !origin.includes('*')).map((origin) => origin.toLowerCase()),
  );
  const patterns = origins.flatMap((origin) => parseOriginPattern(origin) ?? []);
  return (origin) => exact.has(origin) || patterns.some((pattern) => matchesOrigin(pattern, origin));
}

// Returns whether the `Origin` of a request is the router's own host. Browsers send `Origin` with a POST to
// the same host too, and such a request needs no CORS headers.
function isSameOrigin(origin: string, host: string | undefined): boolean {
  return host !== undefined && origin.replace(/^https?:\/\//, '') === host;
}
