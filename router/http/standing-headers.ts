import type { Config } from '../config/config-schema.ts';
import { isCacheControl } from '../headers/collection.ts';
import { isProtectedResponseHeader } from '../shared/protected-headers.ts';
import { compileRules } from '../headers/rules.ts';

/** Headers of every response of a port, errors included. */
export type StandingHeaders = Readonly<Record<string, string>>;

/** Responses are JSON: browsers must not guess another type, run or frame them, or report the URL elsewhere. */
export const SECURITY_HEADERS: StandingHeaders = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

/** Security headers, and those that rules for all subgraphs insert: they must not be missing on errors. */
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
  // An error is never cached and opens no session, whatever data may do.
  const kept = [...(inserted ?? [])].filter(([name]) => !isCacheControl(name) && name !== 'set-cookie');
  return Object.fromEntries(kept.map(([name, { values }]) => [name, values.join(', ')]));
}
