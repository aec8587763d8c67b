/**
 * verify.ts as middleware. SPDX-License-Identifier: MIT. Copy both files into a service; neither imports a
 * framework.
 *
 * The signature covers the bytes of the body, so the body must reach the verifier unparsed; it is parsed
 * here, after the signature has been verified. Handlers behind the middleware read the caller from
 * `request.identity` and the parsed JSON from `request.body`.
 *
 * Express 4 and 5:
 *
 *   const verify = createVerifier({ audience: 'reviews', keys });
 *   const raw = express.raw({ type: () => true, limit: '1mb', inflate: false });
 *   app.use('/graphql', raw, verifyInExpress(verify), graphql);
 *
 * Without `express.json()` before it, not even for the whole app: that would consume the bytes, and every
 * call would be rejected.
 *
 * Fastify 4 and 5:
 *
 *   app.register(async (signed) => {
 *     verifyInFastify(signed, verify);
 *     signed.post('/graphql', (request) => …);
 *   });
 *
 * It protects every route of the given instance, also those without a body, and no route of other instances
 * (health checks).
 */
import type { SignedRequest, VerifiedIdentity, Verify } from './verify.ts';

/** The parts of Express's request and response that are used. */
type ExpressRequest = {
  readonly method?: string | undefined;
  readonly rawHeaders: readonly string[];
  body?: unknown;
  identity?: VerifiedIdentity;
};
type ExpressResponse = {
  status(code: number): { json(body: unknown): unknown };
};

export function verifyInExpress(verify: Verify) {
  return (request: ExpressRequest, response: ExpressResponse, next: (error?: unknown) => void): void => {
    const { method = '', rawHeaders, body = Buffer.alloc(0) } = request;
    // A parsed body cannot be verified: its bytes are gone.
    if (!Buffer.isBuffer(body))
      return next(new Error('verifyInExpress needs express.raw() before it, and no parser'));
    const verified = verifyRequest(verify, { method, rawHeaders, body });
    if (verified.kind === 'rejected') return void response.status(verified.status).json(verified.body);
    request.identity = verified.identity;
    request.body = verified.json;
    next();
  };
}

/** The parts of Fastify that are used. */
type FastifyRequest = {
  readonly raw: { readonly method?: string | undefined; readonly rawHeaders: readonly string[] };
  body?: unknown;
  identity?: VerifiedIdentity | null;
};
type FastifyReply = { code(status: number): { send(body: unknown): unknown } };
type FastifyInstance = {
  removeAllContentTypeParsers(): unknown;
  addContentTypeParser(
    type: string,
    options: { readonly parseAs: 'buffer' },
    parser: (request: never, body: Buffer, done: (error: Error | null, body?: unknown) => void) => void,
  ): unknown;
  decorateRequest(name: 'identity', value: null): unknown;
  addHook(
    name: 'preValidation',
    hook: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>,
  ): unknown;
};

export function verifyInFastify(instance: FastifyInstance, verify: Verify): void {
  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  instance.decorateRequest('identity', null);
  instance.addHook('preValidation', async (request, reply) => {
    const { method = '', rawHeaders } = request.raw;
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const verified = verifyRequest(verify, { method, rawHeaders, body });
    if (verified.kind === 'rejected') return reply.code(verified.status).send(verified.body);
    request.identity = verified.identity;
    request.body = verified.json;
    return undefined;
  });
}

type VerifiedRequest =
  | { readonly kind: 'verified'; readonly identity: VerifiedIdentity; readonly json: unknown }
  | { readonly kind: 'rejected'; readonly status: number; readonly reason: string; readonly body: unknown };

/**
 * Verifies the signature and parses the body, for any HTTP server; otherwise returns the response to send.
 */
export function verifyRequest(verify: Verify, request: SignedRequest): VerifiedRequest {
  const verification = verify(request);
  if (verification.kind === 'rejected') {
    // Not UNAUTHENTICATED, on which clients would log in again: the calling router is misconfigured.
    return rejected(
      401,
      'CALL_NOT_SIGNED',
      `The call is not signed for this service: ${verification.reason}.`,
    );
  }
  if (request.body.length === 0) return { ...verification, json: undefined };
  try {
    return { ...verification, json: JSON.parse(Buffer.from(request.body).toString('utf8')) };
  } catch {
    return rejected(400, 'BAD_REQUEST', 'The body is not JSON.');
  }
}

function rejected(status: number, code: string, reason: string): VerifiedRequest {
  return { kind: 'rejected', status, reason, body: { errors: [{ message: reason, extensions: { code } }] } };
}
