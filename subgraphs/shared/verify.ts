/**
 * Verifies that a request was sent by the router or by another service of this graph, and returns the
 * caller's identity.
 *
 * SPDX-License-Identifier: MIT. Copy this file into a service: it needs nothing but Node. The sender covers
 * the method, the body's digest and the identity headers with an HMAC (RFC 9421, RFC 9530):
 *
 *   Content-Digest: sha-256=:…:
 *   Signature-Input: tributary=("@method" "content-digest" "x-user-id" …);
 *     created=…;nonce="…";keyid="…";alg="hmac-sha256";tag="…"                 (one line)
 *   Signature: tributary=:…:
 *
 *   const verify = createVerifier({
 *     audience: 'reviews',
 *     keys: [
 *       { id: 'router', secret: process.env.ROUTER_KEY },
 *       { id: 'order', secret: process.env.ORDER_KEY, service: 'order' },
 *     ],
 *     issuers: ['https://accounts.example'],
 *   });
 *   const result = verify({ method: req.method, rawHeaders: req.rawHeaders, body });   // body: the raw bytes
 *   if (result.kind === 'rejected') return respond(401, result.reason);
 *
 * `body` must be the received bytes: JSON that was parsed and serialized again has another digest.
 * verify-middleware.ts beside this file does this for Express, Fastify and other HTTP servers.
 *
 * Each caller has a key of its own, so `keyid` names the caller: a key without `service` is the router's and
 * vouches for users; a key with `service` vouches only for that service, which names itself in the signed
 * header `X-Service-Name`. A user's id is unique within the issuer of the user's token (`X-User-Issuer`):
 * compare both, or accept the users of one issuer only (`issuers`).
 *
 * To replace a key: give every service the new one beside the old, then let the caller sign with the new one
 * (the router signs with the first of its `identity.keys`), then remove the old one.
 *
 * Create one verifier per process, because it stores the nonces of received calls. Replicas do not share
 * them: a captured call could be repeated once at each replica within the 30 seconds of its validity.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export type VerifierOptions = {
  /** Expected `tag`: the name of this service in supergraph.yaml. */
  readonly audience: string;
  /** All accepted keys; two of one caller while its key is being replaced. */
  readonly keys: readonly VerificationKey[];
  /** Issuers whose users are accepted; undefined accepts the users of every issuer that the router trusts. */
  readonly issuers?: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
};

export type VerificationKey = {
  readonly id: string;
  readonly secret: string;
  /** Name of the service that signs with this key; absent for the router's keys. */
  readonly service?: string;
};

export type SignedRequest = {
  readonly method: string;
  /** As in `IncomingMessage.rawHeaders`, which still shows a header that was sent twice. */
  readonly rawHeaders: readonly string[];
  readonly body: Uint8Array;
};

export type VerifiedIdentity = {
  /** The calling service; null when the router calls, for a user or for an anonymous caller. */
  readonly service: string | null;
  /** Unique within `issuer`. */
  readonly userId: string | null;
  /** `iss` of the user's token. */
  readonly issuer: string | null;
  readonly email: string | null;
  readonly roles: readonly string[];
  /** Tier in the user's token, by default the claim `tier`. */
  readonly tier: string | null;
  readonly tenantId: string | null;
};

export type Verification =
  | { readonly kind: 'verified'; readonly identity: VerifiedIdentity }
  | { readonly kind: 'rejected'; readonly reason: string };

type SignatureInput = {
  /** Everything after `tributary=`, which the signature base repeats verbatim. */
  readonly parameters: string;
  readonly components: readonly string[];
  readonly created: number;
  readonly nonce: string;
  readonly keyId: string;
  readonly tag: string;
};

const validSeconds = 30;
const userHeaders = [
  'x-user-id',
  'x-user-issuer',
  'x-user-email',
  'x-user-roles',
  'x-user-tier',
  'x-tenant-id',
] as const;
const serviceHeader = 'x-service-name';
/** All identity headers, in the order in which a signature covers them. */
export const identityHeaders = [...userHeaders, serviceHeader] as const;
const singleHeaders: readonly string[] = [
  ...identityHeaders,
  'content-digest',
  'signature-input',
  'signature',
];

// Exactly the form that the sender writes: more spellings would be more ways to misread one.
const signatureInputPattern =
  /^tributary=(\(("[a-z@-]+"(?: "[a-z@-]+")*)\);created=(\d{1,12});nonce="([\w-]{16,64})";keyid="([\w.-]{1,64})";alg="hmac-sha256";tag="([\w.-]{1,64})")$/;
const signaturePattern = /^tributary=:([A-Za-z0-9+/]{43}=):$/;

export type Verify = (request: SignedRequest) => Verification;

/** @throws {Error} if two keys have one id */
export function createVerifier(options: VerifierOptions): Verify {
  const now = options.now ?? Date.now;
  const keys = keysById(options.keys);
  const isReplay = rememberNonces();
  return (request) => {
    const headers = collectHeaders(request.rawHeaders);
    if (headers === null) return rejected('an identity or signature header was sent twice');
    const input = parseSignatureInput(headers.get('signature-input'));
    if (input === null) return rejected('the signature is missing or malformed');

    const seconds = Math.floor(now() / 1000);
    const key = keys.get(input.keyId);
    const reason =
      problemOfInput(input, { headers, audience: options.audience, seconds }) ??
      problemOfDigest(headers.get('content-digest'), request.body) ??
      problemOfSignature(input, { headers, method: request.method, secret: key?.secret }) ??
      problemOfCaller(headers, key?.service) ??
      problemOfIssuer(headers, options.issuers) ??
      // Last, so that only the holder of a key can make this process store anything.
      (isReplay(input, seconds) ? 'the call was seen before' : null);
    return reason === null ? { kind: 'verified', identity: readIdentity(headers) } : rejected(reason);
  };
}

function keysById(keys: readonly VerificationKey[]): ReadonlyMap<string, VerificationKey> {
  const byId = new Map<string, VerificationKey>();
  for (const key of keys) {
    // Without a secret anyone could sign, so such a key (a variable that is set, but empty) is left out.
    if (!key.secret) continue;
    if (byId.has(key.id)) throw new Error(`two keys have the id "${key.id}": each needs an id of its own`);
    byId.set(key.id, key);
  }
  return byId;
}

/** Returns null if an identity or signature header appears more than once. */
function collectHeaders(rawHeaders: readonly string[]): Map<string, string> | null {
  const headers = new Map<string, string>();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? '';
    if (headers.has(name) && singleHeaders.includes(name)) return null;
    headers.set(name, rawHeaders[index + 1] ?? '');
  }
  return headers;
}

function parseSignatureInput(header: string | undefined): SignatureInput | null {
  const match = signatureInputPattern.exec(header ?? '');
  if (match === null) return null;
  const [, parameters = '', components = '', created, nonce = '', keyId = '', tag = ''] = match;
  const names = components.split(' ').map((component) => component.slice(1, -1));
  return { parameters, components: names, created: Number(created), nonce, keyId, tag };
}

function problemOfInput(
  input: SignatureInput,
  expected: { headers: ReadonlyMap<string, string>; audience: string; seconds: number },
): string | null {
  const { components } = input;
  if (input.tag !== expected.audience) return 'the call was signed for another service';
  if (Math.abs(expected.seconds - input.created) > validSeconds) return 'the signature has expired';
  if (new Set(components).size !== components.length) return 'a component is covered twice';
  if (!components.includes('@method') || !components.includes('content-digest')) {
    return 'method and body must be covered by the signature';
  }
  const uncovered = identityHeaders.find((name) => expected.headers.has(name) && !components.includes(name));
  return uncovered === undefined ? null : `${uncovered} is not covered by the signature`;
}

function problemOfDigest(header: string | undefined, body: Uint8Array): string | null {
  const digest = createHash('sha256').update(body).digest('base64');
  return header === `sha-256=:${digest}:` ? null : 'the body does not match its digest';
}

function problemOfSignature(
  input: SignatureInput,
  sent: { headers: ReadonlyMap<string, string>; method: string; secret: string | undefined },
): string | null {
  if (sent.secret === undefined) return 'the key is unknown';
  const base = signatureBase(input, sent.method, sent.headers);
  if (base === null) return 'a covered header is missing';
  const expected = createHmac('sha256', sent.secret).update(base).digest();
  const [, given = ''] = signaturePattern.exec(sent.headers.get('signature') ?? '') ?? [];
  const bytes = Buffer.from(given, 'base64');
  const matches = bytes.length === expected.length && timingSafeEqual(bytes, expected);
  return matches ? null : 'the signature does not match';
}

/** A service's key vouches for that service only, not for users or other services. */
function problemOfCaller(headers: ReadonlyMap<string, string>, service: string | undefined): string | null {
  const named = headers.get(serviceHeader);
  if (service === undefined) {
    return named === undefined ? null : `${serviceHeader} needs a key of that service`;
  }
  if (named !== service) return `the key belongs to the service ${service}, which ${serviceHeader} must name`;
  const user = userHeaders.find((name) => headers.has(name));
  return user === undefined ? null : `a service's key does not vouch for ${user}`;
}

function problemOfIssuer(
  headers: ReadonlyMap<string, string>,
  issuers: readonly string[] | undefined,
): string | null {
  if (issuers === undefined || !headers.has('x-user-id')) return null;
  const issuer = headers.get('x-user-issuer');
  return issuer !== undefined && issuers.includes(issuer) ? null : 'users of this issuer are not accepted';
}

/** RFC 9421 section 2.5. */
function signatureBase(
  input: SignatureInput,
  method: string,
  headers: ReadonlyMap<string, string>,
): string | null {
  const lines: string[] = [];
  for (const component of input.components) {
    const value = component === '@method' ? method : headers.get(component);
    if (value === undefined) return null;
    lines.push(`"${component}": ${value.trim()}`);
  }
  return [...lines, `"@signature-params": ${input.parameters}`].join('\n');
}

/**
 * Stores nonces in one bucket per second of `created`; a bucket is deleted when its signatures have expired.
 */
function rememberNonces(): (input: SignatureInput, seconds: number) => boolean {
  const buckets = new Map<number, Set<string>>();
  return ({ created, nonce }, seconds) => {
    for (const second of buckets.keys()) {
      if (second < seconds - validSeconds) buckets.delete(second);
    }
    const bucket = buckets.get(created) ?? new Set();
    buckets.set(created, bucket);
    if (bucket.has(nonce)) return true;
    bucket.add(nonce);
    return false;
  };
}

function readIdentity(headers: ReadonlyMap<string, string>): VerifiedIdentity {
  return {
    service: headers.get(serviceHeader) ?? null,
    userId: headers.get('x-user-id') ?? null,
    issuer: headers.get('x-user-issuer') ?? null,
    email: headers.get('x-user-email') ?? null,
    roles: (headers.get('x-user-roles') ?? '').split(',').filter((role) => role !== ''),
    tier: headers.get('x-user-tier') ?? null,
    tenantId: headers.get('x-tenant-id') ?? null,
  };
}

function rejected(reason: string): Verification {
  return { kind: 'rejected', reason };
}
