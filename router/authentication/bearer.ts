import { RouterError, bearerChallenge } from '../shared/errors.ts';

// Matches an Authorization header and captures its scheme and its token. The scheme is case-insensitive (RFC
// 9110 section 11.1).
const CREDENTIALS = /^([\w!#$%&'*+.^`|~-]+)(?: +(.*))?$/;
const COMPACT_JWS = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const COMPACT_JWE = /^(?:[\w-]*\.){4}[\w-]*$/;
const BEARER = 'Bearer ';
const SEND = 'send `Authorization: Bearer TOKEN`';

/**
 * Returns the bearer token of a request, which may be malformed; undefined without an Authorization header.
 * @throws {RouterError} TOKEN_INVALID for a scheme other than Bearer, for a token that is too long, and for
 * more than one header, because a proxy and the router could read different headers. A caller with an invalid
 * header is not treated as anonymous, because the client would not notice its mistake.
 */
export function readBearer(headers: readonly string[], maxTokenBytes: number): string | undefined {
  const [header] = headers;
  if (header === undefined) return undefined;
  if (headers.length > 1)
    throw new RouterError('TOKEN_INVALID', 'the request has more than one Authorization header', {
      headers: { 'www-authenticate': bearerChallenge('invalid_request') },
    });
  if (header.length > maxTokenBytes + BEARER.length) {
    throw new RouterError(
      'TOKEN_INVALID',
      `the token exceeds the limit of ${maxTokenBytes} bytes (\`authentication.maxTokenBytes\`)`,
    );
  }
  return tokenOf(header.trim());
}

/**
 * Checks that a bearer token has the form of a signed JWT. A token that was verified before need not be
 * checked.
 * @throws {RouterError} TOKEN_INVALID
 */
export function checkForm(token: string): void {
  const fault = faultOf(token);
  if (fault !== undefined) throw new RouterError('TOKEN_INVALID', fault);
}

/**
 * Returns the token of an Authorization header.
 * @throws {RouterError} if the credentials are not a bearer token
 */
function tokenOf(credentials: string): string {
  // Fast path for `Bearer TOKEN`, the usual form: the regular expressions below would read the whole token.
  if (credentials.startsWith(BEARER) && credentials[BEARER.length] !== ' ')
    return credentials.slice(BEARER.length);
  if (credentials === '') throw withoutToken(`the Authorization header is empty; ${SEND}`);
  if (COMPACT_JWS.test(credentials) || COMPACT_JWE.test(credentials))
    throw withoutToken(`the Authorization header has a token but no scheme; ${SEND}`);
  const [, scheme, token = ''] = CREDENTIALS.exec(credentials) ?? [];
  if (scheme?.toLowerCase() !== 'bearer') throw withoutToken(`${schemeFault(scheme)}; ${SEND}`);
  if (token === '') throw withoutToken(`the bearer token is empty; ${SEND}`);
  return token;
}

// Authentication schemes that an error message may repeat. No other word is repeated, because in a header
// without a scheme the first word could be the secret itself.
const KNOWN_SCHEMES = /^(?:basic|digest|dpop|negotiate|ntlm|token|apikey|api-key)$/i;

function schemeFault(scheme: string | undefined): string {
  if (scheme === undefined || !KNOWN_SCHEMES.test(scheme))
    return 'the Authorization header does not begin with the scheme Bearer';
  return `the authentication scheme ${scheme} is not supported`;
}

// Without a token in the request, the `WWW-Authenticate` header of the response has no error code (RFC 6750
// section 3.1).
function withoutToken(message: string): RouterError {
  return new RouterError('TOKEN_INVALID', message, { headers: { 'www-authenticate': bearerChallenge() } });
}

function faultOf(token: string): string | undefined {
  if (COMPACT_JWS.test(token)) return undefined;
  if (COMPACT_JWE.test(token)) return 'the bearer token is encrypted; only signed tokens are accepted';
  if (/[\s,]/.test(token)) return 'the Authorization header has more than one bearer token';
  return 'the bearer token is malformed: a JWT has three base64url parts that are separated by dots';
}
