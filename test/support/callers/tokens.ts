import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import type { JWK, JWTHeaderParameters, JWTPayload } from 'jose';

type KeyPair = { readonly secret: CryptoKey; readonly published: JWK };

type IssuerKey = KeyPair & { readonly id: string };

type Minting = {
  /** Claims that replace the usual ones; undefined removes one. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Header members that replace the usual ones; undefined removes one. */
  readonly header?: Readonly<Record<string, unknown>>;
  /** Key that signs instead of the issuer's newest key. */
  readonly key?: CryptoKey | Uint8Array;
};

export type Issuer = AsyncDisposable & {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUrl: string;
  readonly revocationsUrl: string;
  /** Number of requests for the keys. */
  keyFetches(): number;
  /** Issues a token like those of the user service, except for the given differences. */
  mint(minting?: Minting): Promise<string>;
  /** Publishes a new key and signs with it from then on; the old keys are removed or kept. */
  rotate(options?: { readonly keepOld: boolean }): Promise<void>;
  /** Publishes keys with this `kid`, or without one, instead of distinct ones; tokens carry the same. */
  nameKeys(id: string | undefined): void;
  revoke(tokenId: string, expiresAtS: number): void;
  /** Responds to key requests with this instead of the keys, until `undefined` is set. */
  setKeysResponse(response: ((response: ServerResponse) => void) | undefined): void;
  readonly publishedKeys: () => readonly JWK[];
};

/**
 * A token issuer in this process: it publishes its keys over real HTTP and issues valid and invalid tokens.
 */
export async function startIssuer(
  options: { readonly now?: () => number; readonly audience?: string } = {},
): Promise<Issuer> {
  const now = options.now ?? Date.now;
  const audience = options.audience ?? 'tributary';
  const created: KeyPair[] = [];
  let keys = [await createKey('key-1', created)];
  let names = (key: IssuerKey): string | undefined => key.id;
  const publishedKeys = () => keys.map((key) => ({ ...key.published, ...present({ kid: names(key) }) }));
  let fetches = 0;
  let replacement: ((response: ServerResponse) => void) | undefined;
  const revoked: { jti: string; exp: number }[] = [];

  const server = createServer((request, response) => {
    if (request.url === '/.well-known/revoked-tokens') return respondWithJson(response, { revoked });
    fetches++;
    if (replacement !== undefined) return replacement(response);
    return respondWithJson(response, { keys: publishedKeys() });
  });
  const url = await new Promise<string>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(addressOf(server.address())));
  });

  return {
    issuer: url,
    audience,
    jwksUrl: `${url}/.well-known/jwks.json`,
    revocationsUrl: `${url}/.well-known/revoked-tokens`,
    keyFetches: () => fetches,
    publishedKeys,
    async mint({ claims, header, key } = {}) {
      const [newest] = keys;
      if (newest === undefined) throw new Error('the issuer has no key');
      const nowS = Math.floor(now() / 1000);
      const usual = { iss: url, aud: audience, iat: nowS, exp: nowS + 900, ...usualClaims() };
      return new SignJWT(present({ ...usual, ...claims }))
        .setProtectedHeader(protectedHeader({ alg: 'RS256', kid: names(newest), typ: 'at+jwt', ...header }))
        .sign(key ?? newest.secret);
    },
    async rotate({ keepOld } = { keepOld: true }) {
      const next = await createKey(`key-${keys.length + 1}-${fetches}`, created);
      keys = keepOld ? [next, ...keys] : [next];
    },
    nameKeys(id) {
      names = () => id;
    },
    revoke(jti, exp) {
      revoked.push({ jti, exp });
    },
    setKeysResponse(response) {
      replacement = response;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
      spareKeys.push(...created);
    },
  };
}

let minted = 0;

function usualClaims(): JWTPayload {
  minted++;
  return {
    sub: 'user-1',
    jti: `token-${minted}`,
    email: 'ada@example.com',
    roles: ['customer'],
    tier: 'FREE',
    tid: 'shop',
    scope: 'orders:read orders:write',
  };
}

function present(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

function protectedHeader(members: {
  readonly alg: string;
  readonly [name: string]: unknown;
}): JWTHeaderParameters {
  return { alg: members.alg, ...present(members) };
}

/**
 * Key pairs of disposed issuers, for reuse: generating a pair takes a tenth of a second or more. No two
 * issuers use one at the same time.
 */
const spareKeys: KeyPair[] = [];

async function createKey(id: string, created: KeyPair[]): Promise<IssuerKey> {
  const pair = spareKeys.pop() ?? (await generatePair());
  created.push(pair);
  return { id, ...pair };
}

async function generatePair(): Promise<KeyPair> {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  return { secret: privateKey, published: { ...(await exportJWK(publicKey)), alg: 'RS256', use: 'sig' } };
}

function respondWithJson(response: ServerResponse, body: unknown): void {
  response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
}

function addressOf(address: unknown): string {
  if (typeof address !== 'object' || address === null || !('port' in address))
    throw new Error('not listening');
  return `http://127.0.0.1:${String(address.port)}`;
}
