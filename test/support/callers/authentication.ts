import { onTestFinished } from 'vitest';
import { configSchema } from '../../../router/config/config-schema.ts';
import type { Config } from '../../../router/config/config-schema.ts';
import type { ErrorCode } from '../../../router/shared/errors.ts';
import { RouterError } from '../../../router/shared/errors.ts';
import { createAuthenticator } from '../../../router/authentication/authenticate.ts';
import type { Authenticator, AuthenticatorParts } from '../../../router/authentication/authenticate.ts';
import { createClock } from '../time/clock.ts';
import type { Clock } from '../time/clock.ts';
import { startIssuer } from './tokens.ts';
import type { Issuer } from './tokens.ts';

/** Returns the configuration of an authenticator that trusts these issuers. */
export function authenticationOf(
  issuers: readonly Pick<Issuer, 'issuer' | 'audience' | 'jwksUrl'>[],
  overrides: Readonly<Record<string, unknown>> = {},
): Config['authentication'] {
  const trusted = issuers.map(({ issuer, audience, jwksUrl }) => ({ issuer, audience, jwksUrl }));
  return configSchema.parse({ authentication: { issuers: trusted, ...overrides } }).authentication;
}

export type Authentication = {
  readonly issuer: Issuer;
  readonly clock: Clock;
  readonly authenticator: Authenticator;
  /** Authenticates and returns the caller's id, or the code of the rejection. */
  readonly outcome: (...authorizationHeaders: string[]) => Promise<string>;
};

/**
 * Starts an issuer and an authenticator that trusts it, on one clock; both are disposed of after the test.
 */
export async function startAuthentication(
  overrides: Readonly<Record<string, unknown>> = {},
  parts: Partial<AuthenticatorParts> = {},
): Promise<Authentication> {
  const clock = createClock();
  const issuer = await startIssuer({ now: clock.now });
  const authenticator = createAuthenticator(authenticationOf([issuer], overrides), {
    ...clock,
    fetch,
    revocationStream: undefined,
    telemetry: silentTelemetry,
    ...parts,
  });
  onTestFinished(async () => {
    authenticator[Symbol.dispose]();
    await issuer[Symbol.asyncDispose]();
  });
  return { issuer, clock, authenticator, outcome: outcomeOf(authenticator) };
}

/** Turns the results of an authenticator into strings that a test can compare. */
export function outcomeOf(authenticator: Authenticator): Authentication['outcome'] {
  return async (...headers) => {
    try {
      const identity = await authenticator.authenticate(headers, '192.0.2.1');
      return identity.kind === 'user' ? identity.id : 'anonymous';
    } catch (error) {
      return codeOf(error);
    }
  };
}

/** Returns the code of a rejection; rethrows anything but a RouterError, because it is a bug. */
export function codeOf(error: unknown): ErrorCode {
  if (error instanceof RouterError) return error.code;
  throw error;
}

export const silentTelemetry: AuthenticatorParts['telemetry'] = {
  keysFetched: () => undefined,
  authenticationRejected: () => undefined,
  revocationsChanged: () => undefined,
};
