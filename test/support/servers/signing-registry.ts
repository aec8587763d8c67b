import { createHash } from 'node:crypto';
import { CompactSign, calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import type { CryptoKey } from 'jose';
import { startWebServer } from './web-server.ts';
import type { WebRequest, WebResponse, WebServer } from './web-server.ts';

export type SigningKeys = { readonly privateKey: CryptoKey; readonly publicKey: CryptoKey };

/** Content of a release; what is absent has a default value. */
export type ReleaseContent = {
  readonly sdl: string;
  readonly canary?: string;
  readonly sequence?: number;
  readonly launch?: number;
  readonly variant?: string;
  readonly contracts?: readonly { name: string; include: string[]; exclude: string[] }[];
};

/** A registry of one variant that signs any release a test asks for, valid or not. */
export type SigningRegistry = AsyncDisposable & {
  readonly web: WebServer;
  readonly apiKey: string;
  /** Bodies of the reports of routers. */
  readonly reports: readonly Readonly<Record<string, unknown>>[];
  /** Makes a release and sends it to the routers that wait. */
  readonly release: (content: ReleaseContent) => Promise<void>;
  /** Sends this text instead of a signed release. */
  readonly send: (jws: string, etag?: string) => void;
  /** The release that routers receive, as compact JWS. */
  readonly current: () => string;
  /** Responds to requests of which it returns a response, before the registry does. */
  intercept: (request: WebRequest) => WebResponse | 'hang' | undefined;
  /** Keys that sign the next releases; the published key stays. */
  keys: SigningKeys;
};

export const newKeys = (): Promise<SigningKeys> => generateKeyPair('EdDSA', { extractable: true });

/** Starts a registry of `shop@production`. */
export async function startSigningRegistry(): Promise<SigningRegistry> {
  const keys = await newKeys();
  const jwk = await exportJWK(keys.publicKey);
  const thumbprint = await calculateJwkThumbprint(jwk);
  const contents = new Map<string, string>();
  const reports: Readonly<Record<string, unknown>>[] = [];
  let current = { jws: '', etag: '' };
  let count = 0;
  let waiting: (() => void)[] = [];

  function send(jws: string, etag = `"${sha256(jws)}"`): void {
    current = { jws, etag };
    const woken = waiting;
    waiting = [];
    for (const wake of woken) wake();
  }

  function store(sdl: string): string {
    const digest = sha256(sdl);
    contents.set(digest, sdl);
    return digest;
  }

  async function release(content: ReleaseContent): Promise<void> {
    count += 1;
    const { sdl, canary, sequence = count, launch = count, variant = 'production', contracts = [] } = content;
    const payload = {
      version: 1,
      graph: 'shop',
      variant,
      sequence,
      issuedAt: new Date().toISOString(),
      serving: { launch, sha256: store(sdl) },
      canary:
        canary === undefined
          ? null
          : { launch: launch + 1, sha256: store(canary), percent: 5, state: 'running' },
      rollback: false,
      reason: null,
      rollout: null,
      contracts: contracts.map((contract) => ({ ...contract, hideUnreachable: true })),
    };
    send(
      await new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
        .setProtectedHeader({ alg: 'EdDSA' })
        .sign(registry.keys.privateKey),
    );
  }

  async function respond(request: WebRequest): Promise<WebResponse | undefined> {
    const intercepted = registry.intercept(request);
    if (intercepted !== undefined) return intercepted === 'hang' ? undefined : intercepted;
    const { pathname, searchParams } = new URL(request.path, web.origin);
    if (pathname === '/.well-known/jwks.json')
      return { body: JSON.stringify({ keys: [{ kty: 'RSA' }, jwk] }) };
    if (request.headers.authorization !== `Bearer ${registry.apiKey}`) return { status: 401 };
    if (request.method === 'POST') {
      reports.push(JSON.parse(request.body ?? ''));
      return { status: 204 };
    }
    if (pathname === '/artifacts/shop/production/release') return releaseFor(request, searchParams);
    const body = contents.get(pathname.replace('/artifacts/shop/supergraphs/', ''));
    return body === undefined ? { status: 404 } : { body };
  }

  async function releaseFor({ headers }: WebRequest, query: URLSearchParams): Promise<WebResponse> {
    const isKnown = () => headers['if-none-match'] === current.etag && current.etag !== '';
    if (isKnown() && query.has('wait')) await new Promise<void>((resolve) => waiting.push(resolve));
    if (isKnown()) return { status: 304 };
    return { headers: current.etag === '' ? {} : { etag: current.etag }, body: current.jws };
  }

  const web = await startWebServer(respond);
  const registry: SigningRegistry = {
    web,
    apiKey: `trib_1_secret_${thumbprint.slice(0, 16)}`,
    reports,
    release,
    send,
    current: () => current.jws,
    intercept: () => undefined,
    keys,
    [Symbol.asyncDispose]: () => web[Symbol.asyncDispose](),
  };
  return registry;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
