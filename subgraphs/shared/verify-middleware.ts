/**
 * verify.ts as middleware. SPDX-License-Identifier: MIT. Copy both files into a service; neither imports a framework.
 *
 * What is signed is the body as it came, so it must reach the verifier unparsed; parsing is done here, after the signature has been
 * found good. Everything behind the middleware finds the caller in `request.identity`, and the parsed JSON in `request.body`.
 *
 * Express 4 and 5:
 *
 *   const verify = createVerifier({ audience: 'reviews', keys });
 *   app.use('/graphql', express.raw({ type: () => true, limit: '1mb', inflate: false }), verifyInExpress(verify), graphql);
 *
 * No `express.json()` before it, not even on the app as a whole: it would have eaten the bytes, and every call is refused.
 *
 * Fastify 4 and 5:
 *
 *   app.register(async (signed) => {
 *     verifyInFastify(signed, verify);
 *     signed.post('/graphql', (request) => …);
 *   });
 *
 * It guards every route of the instance it is given, those without a body too, and leaves others (health checks) alone.
 */
import type { SignedRequest, Verification, VerifiedIdentity } from './verify.ts';

type Verify = (request: SignedRequest) => Verification;

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
    // Parsed by somebody else: the bytes are gone, and with them the proof.
    if (!Buffer.isBuffer(body))
      return next(new Error('verifyInExpress needs express.raw() before it, and no parser'));
    const checked = check(verify, { method, rawHeaders, body });
    if (checked.kind === 'refused') return void response.status(checked.status).json(checked.body);
    request.identity = checked.identity;
    request.body = checked.json;
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
    const checked = check(verify, { method, rawHeaders, body });
    if (checked.kind === 'refused') return reply.code(checked.status).send(checked.body);
    request.identity = checked.identity;
    request.body = checked.json;
    return undefined;
  });
}

type Checked =
  | { readonly kind: 'verified'; readonly identity: VerifiedIdentity; readonly json: unknown }
  | { readonly kind: 'refused'; readonly status: number; readonly body: unknown };

function check(verify: Verify, request: SignedRequest): Checked {
  const verification = verify(request);
  if (verification.kind === 'refused') {
    const message = `The call is not signed for this service: ${verification.reason}.`;
    // Not UNAUTHENTICATED, which clients would take for a reason to log in again: the router is at fault.
    return refused(401, 'CALL_NOT_SIGNED', message);
  }
  if (request.body.length === 0) return { ...verification, json: undefined };
  try {
    return { ...verification, json: JSON.parse(Buffer.from(request.body).toString('utf8')) };
  } catch {
    return refused(400, 'BAD_REQUEST', 'The body is not JSON.');
  }
}

function refused(status: number, code: string, message: string): Checked {
  return { kind: 'refused', status, body: { errors: [{ message, extensions: { code } }] } };
}
