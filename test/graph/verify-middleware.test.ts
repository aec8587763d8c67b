import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { addressOf } from '../../router/http/sockets/listeners.ts';
import { signIdentity } from '../../subgraphs/shared/sign.ts';
import { verifyInExpress, verifyInFastify } from '../../subgraphs/shared/verify-middleware.ts';
import { createVerifier } from '../../subgraphs/shared/verify.ts';

const key = { id: 'k1', secret: 'the-key-that-signs-0123456789-abcdef' };
const BODY = '{ "query": "{ me }",  "spaces": "kept" }';

function newVerifier() {
  return createVerifier({ audience: 'reviews', keys: [key] });
}

function signed(body: string | undefined, method = 'POST'): RequestInit {
  const identity = { 'x-user-id': 'user-1', 'x-user-roles': 'customer' };
  const signing = { key, audience: 'reviews', method, body: body ?? '', identity, now: Date.now };
  const headers = { 'content-type': 'application/json', ...signIdentity(signing) };
  return body === undefined ? { method, headers } : { method, headers, body };
}

type Running = AsyncDisposable & { readonly url: string };

async function serve(listener: RequestListener): Promise<Running> {
  const server = createServer(listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${addressOf(server).port}/graphql`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}

/** Returns the response of the handler behind the middleware. */
function echo({ identity, body }: { readonly identity?: unknown; readonly body?: unknown }): string {
  return JSON.stringify({ identity, body });
}

/**
 * Starts node:http with the properties that Express adds to requests and responses, according to its
 * documentation.
 */
function startLikeExpress(): Promise<Running> {
  const middleware = verifyInExpress(newVerifier());
  return serve((incoming, outgoing) => {
    void buffer(incoming).then((body) => {
      const request = Object.assign(incoming, { body });
      const json = (value: unknown) => outgoing.end(JSON.stringify(value));
      const status = (code: number) => ({
        json: (value: unknown) => (outgoing.writeHead(code), json(value)),
      });
      middleware(request, { status }, () => outgoing.end(echo(request)));
    });
  });
}

// Loaded without their types: the middleware itself declares the properties it needs from a framework.
const require = createRequire(import.meta.url);
const express = require('express');
const fastify = require('fastify');

async function startExpress(): Promise<Running> {
  const app = express();
  app.use(
    '/graphql',
    express.raw({ type: () => true, limit: '1mb', inflate: false }),
    verifyInExpress(newVerifier()),
    (request: object, response: { send(body: string): void }) => response.send(echo(request)),
  );
  return serve(app);
}

async function startFastify(): Promise<Running> {
  const app = fastify();
  app.register(
    async (instance: Parameters<typeof verifyInFastify>[0] & { all: (...route: unknown[]) => void }) => {
      verifyInFastify(instance, newVerifier());
      instance.all('/graphql', async (request: object) => echo(request));
    },
  );
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return { url: `${url}/graphql`, [Symbol.asyncDispose]: () => app.close() };
}

describe.each([
  ['Express’s signature on node:http', startLikeExpress],
  ['Express', startExpress],
  ['Fastify', startFastify],
])('the verifier in %s', (_name, start) => {
  test('passes signed calls on with identity and parsed body', async () => {
    await using service = await start();
    const response = await fetch(service.url, signed(BODY));
    expect([response.status, await response.json()]).toEqual([
      200,
      {
        identity: {
          service: null,
          userId: 'user-1',
          issuer: null,
          email: null,
          roles: ['customer'],
          tier: null,
          tenantId: null,
        },
        body: JSON.parse(BODY),
      },
    ]);
    expect((await fetch(service.url, signed(undefined, 'GET'))).status).toBe(200);
  });

  test('rejects calls that are not signed, were altered or were received before', async () => {
    await using service = await start();
    const once = signed(BODY);
    expect((await fetch(service.url, once)).status).toBe(200);
    const rejected: [RequestInit, number, string][] = [
      [once, 401, 'CALL_NOT_SIGNED'],
      [
        { method: 'POST', headers: { 'content-type': 'application/json' }, body: BODY },
        401,
        'CALL_NOT_SIGNED',
      ],
      [{ method: 'GET' }, 401, 'CALL_NOT_SIGNED'],
      [{ ...signed(BODY), body: JSON.stringify(JSON.parse(BODY)) }, 401, 'CALL_NOT_SIGNED'],
      [signed('{"query":'), 400, 'BAD_REQUEST'],
    ];
    for (const [init, status, code] of rejected) {
      const response = await fetch(service.url, init);
      expect(response.status).toBe(status);
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code } }] });
    }
  });
});

test('a body that was parsed before is an error, and not an anonymous call', () => {
  const errors: unknown[] = [];
  const request = { method: 'POST', rawHeaders: [], body: { query: '{ me }' } };
  verifyInExpress(newVerifier())(request, { status: () => ({ json: () => undefined }) }, (error) =>
    errors.push(error),
  );
  expect(errors).toEqual([expect.any(Error)]);
  expect(request).not.toHaveProperty('identity');
});
