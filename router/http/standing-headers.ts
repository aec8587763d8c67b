import type { Config } from '../config/config-schema.ts';
import { isCacheControl } from '../headers/collection.ts';
import { isProtectedResponseHeader } from '../shared/http/protected-headers.ts';
import { compileRules } from '../headers/rules.ts';

/** Headers of every response of a port, including errors. */
export type StandingHeaders = Readonly<Record<string, string>>;

/**
 * Headers that forbid browsers to guess another content type, to show or execute responses as part of a page,
 * and to send the URL as referrer.
 */
export const SECURITY_HEADERS: StandingHeaders = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

/**
 * Returns the headers of every response, error responses included: security headers, and those that the
 * configured header rules insert into all responses.
 */
export function createStandingHeaders({
  headers,
  response: { hsts },
}: Pick<Config, 'headers' | 'response'>): StandingHeaders {
  return {
    ...SECURITY_HEADERS,
    ...(hsts && { 'strict-transport-security': strictTransportSecurity(hsts) }),
    ...insertedHeaders(headers.response),
  };
}

function strictTransportSecurity({
  maxAgeS,
  includeSubDomains,
}: NonNullable<Config['response']['hsts']>): string {
  return `max-age=${maxAgeS}${includeSubDomains ? '; includeSubDomains' : ''}`;
}

function insertedHeaders(rules: Config['headers']['response']): StandingHeaders {
  const unconditional = rules.filter(({ propagate }) => propagate === undefined);
  const inserted = compileRules(unconditional, isProtectedResponseHeader)?.({});
  // Header rules may insert `Cache-Control` and `Set-Cookie`. Both are left out of the headers of every
  // response, because error responses are never cached and set no cookies.
  const kept = [...(inserted ?? [])].filter(([name]) => !isCacheControl(name) && name !== 'set-cookie');
  return Object.fromEntries(kept.map(([name, { values }]) => [name, values.join(', ')]));
}
