import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../router/config/config.ts';
import { ConfigError } from '../../router/config/yaml/read-yaml.ts';
import { compose } from '../../router/supergraph/compose.ts';
import { createSupergraphSources } from '../../router/supergraph/sources/create-sources.ts';
import { codeBlocks, readPage } from '../support/processes/documentation.ts';
import { startOciRegistry } from '../support/servers/oci-registry.ts';
import { startWebServer } from '../support/servers/web-server.ts';
import { createClock } from '../support/time/clock.ts';

/** Sources of the supergraph without a router: real HTTP servers and a clock that the test moves. */

const first = supergraphOf('a: Int');
const second = supergraphOf('a: Int b: Int');
const loaded = (sdl: string) => ({ kind: 'supergraph', sdl, findings: [] });

function supergraphOf(fields: string): string {
  const subgraph = {
    name: 's',
    url: 'http://s.example/graphql',
    sdl: `type Query { ${fields} }`,
    place: 's',
  };
  const composed = compose([subgraph]);
  if (composed.kind === 'failed') throw new Error(JSON.stringify(composed.findings));
  return composed.supergraphSdl;
}

function configOf(yaml: string, env: Readonly<Record<string, string>> = {}) {
  return parseConfig(yaml, { env, fileName: 'router.yaml', directory: '/etc/router' }).supergraph;
}

/** The first source of a configuration. */
function open(source: Readonly<Record<string, unknown>>, random = 0.5) {
  const clock = createClock();
  const config = configOf(JSON.stringify({ supergraph: { sources: [source] } }));
  const compose = () => Promise.reject(new Error('bug: nothing is composed'));
  const sources = createSupergraphSources(config, {
    env: {},
    compose,
    ...clock,
    random: () => random,
  });
  const [one] = sources.list;
  if (one === undefined) throw new Error('no source');
  return { clock, sources, source: one, [Symbol.asyncDispose]: () => sources[Symbol.asyncDispose]() };
}

describe('supergraph.url', () => {
  test('sends its headers and the last ETag, and returns the same supergraph for 304', async () => {
    await using web = await startWebServer(({ headers }) => {
      const etag = '"1"';
      return headers['if-none-match'] === etag ? { status: 304 } : { headers: { etag }, body: first };
    });
    const url = `${web.origin.replace('//', '//user:pass@')}/s.graphql?token=x`;
    await using opened = open({ url, headers: { authorization: 'Bearer t' } });
    expect(opened.source.name).toBe(`${web.origin}/s.graphql`);
    expect(await opened.source.load()).toEqual(loaded(first));
    expect(await opened.source.load()).toEqual(loaded(first));
    expect(web.requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"1"']);
    expect(web.requests).toMatchObject([
      { path: '/s.graphql?token=x', headers: { authorization: 'Bearer t' } },
      { headers: { authorization: 'Bearer t' } },
    ]);

    web.respond = () => ({ body: second });
    expect(await opened.source.load()).toEqual(loaded(second));
  });

  test('sends user and password of the URL, to its own origin only', async () => {
    const { publicKey } = generateKeyPairSync('ed25519', {
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    await using web = await startWebServer(() => ({ body: first }));
    await using other = await startWebServer(() => ({ body: '' }));
    const url = `${web.origin.replace('//', '//user:p%40ss@')}/s`;
    await using opened = open({ url, publicKey, signatureUrl: other.origin });
    await opened.source.load();
    const authorization = `Basic ${Buffer.from('user:p@ss').toString('base64')}`;
    expect(web.requests).toMatchObject([{ headers: { authorization } }]);
    expect(other.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
  });

  test('decodes compressed content, whose size is limited', async () => {
    const zeros = gzipSync(Buffer.alloc(200_000));
    const bodies = [
      ['gzip', gzipSync(first), loaded(first)],
      ['br', brotliCompressSync(second), loaded(second)],
      ['gzip', zeros, { kind: 'rejected', reasons: [expect.stringContaining('the limit of 100000 bytes')] }],
      [
        'gzip',
        Buffer.from(first),
        { kind: 'unavailable', reasons: [expect.stringMatching(/not valid gzip$/)] },
      ],
      [
        'lzma',
        first,
        { kind: 'unavailable', reasons: [expect.stringMatching(/coding lzma is not supported$/)] },
      ],
    ] as const;
    await using web = await startWebServer(() => ({}));
    await using opened = open({ url: web.origin, maxBytes: 100_000 });
    for (const [coding, body, result] of bodies) {
      web.respond = () => ({ headers: { 'content-encoding': coding }, body });
      expect(await opened.source.load()).toEqual(result);
    }
  });

  test('is unavailable with another status, after a redirect, and when it is down or too slow', async () => {
    await using web = await startWebServer(() => ({ status: 503 }));
    await using opened = open({ url: `${web.origin}/s` });
    const place = `${web.origin}/s`;
    const reasons = async () => {
      const result = await opened.source.load();
      expect(result.kind).toBe('unavailable');
      return result;
    };
    expect(await reasons()).toMatchObject({ reasons: [`${place}: responded with status 503`] });
    web.respond = () => ({ status: 302, headers: { location: '/other' } });
    expect(await reasons()).toMatchObject({
      reasons: [`${place}: responded with status 302, redirects are not followed`],
    });
    expect(web.requests.filter(({ path }) => path === '/other')).toEqual([]);

    const received = Promise.withResolvers<undefined>();
    web.respond = () => {
      received.resolve(undefined);
      return undefined;
    };
    const late = reasons();
    await received.promise;
    opened.clock.advance(4_000);
    expect(await late).toMatchObject({ reasons: [`${place}: no complete response within 4000 ms`] });

    await web.stop();
    expect(await reasons()).toMatchObject({ reasons: [expect.stringContaining('ECONNREFUSED')] });
  });

  test('rejects content that is too large, not UTF-8, not GraphQL or not satisfiable', async () => {
    const unsatisfiable = first.replace(
      '@join__type(graph: S)\n{\n  a: Int',
      '@join__type(graph: S)\n{\n  a: Missing',
    );
    const bodies = [
      ['x'.repeat(100_001), 'the response exceeds the limit of 100000 bytes (`maxBytes`)'],
      [Buffer.from([0x23, 0xff]), 'the content is not valid UTF-8'],
      ['<html>', 'INVALID_GRAPHQL'],
      [unsatisfiable, 'Missing'],
    ] as const;
    let body: string | Buffer = '';
    await using web = await startWebServer(() => ({ body }));
    await using opened = open({ url: `${web.origin}/s`, maxBytes: 100_000 });
    for (const [content, reason] of bodies) {
      body = content;
      expect(await opened.source.load()).toEqual({
        kind: 'rejected',
        reasons: [expect.stringContaining(reason)],
      });
    }
  });

  test('accepts only content with its SHA-256, and then polls no more', async () => {
    const sha256 = createHash('sha256').update(first).digest('hex');
    let body = second;
    await using web = await startWebServer(() => ({ body }));
    await using opened = open({ url: web.origin, sha256 });
    const reason = `the content has the SHA-256 ${createHash('sha256').update(second).digest('hex')}, expected ${sha256}`;
    expect(await opened.source.load()).toEqual({
      kind: 'rejected',
      reasons: [expect.stringContaining(reason)],
    });
    expect(opened.source.isPolled()).toBe(true);
    body = first;
    expect(await opened.source.load()).toEqual(loaded(first));
    expect(opened.source.isPolled()).toBe(false);
  });

  test('accepts a signature that the documented commands make', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tributary-signature-'));
    await using _ = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
    await writeFile(join(folder, 'shop.graphql'), first);
    const [commands = ''] = codeBlocks(readPage('docs/supergraph-sources.md'), 'sh');
    execFileSync('sh', ['-ec', commands], { cwd: folder, stdio: 'pipe' });
    const signature = await readFile(join(folder, 'shop.graphql.sig'));
    await using web = await startWebServer(({ path }) => ({
      body: path === '/shop.graphql.sig' ? signature : first,
    }));
    const publicKey = await readFile(join(folder, 'signing.pub.pem'), 'utf8');
    await using opened = open({ url: `${web.origin}/shop.graphql`, publicKey });
    expect(await opened.source.load()).toEqual(loaded(first));
  });

  test('accepts only content with an Ed25519 signature by its key, raw or in Base64', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const raw = sign(null, Buffer.from(first), privateKey);
    let signature: string | Buffer = raw;
    let body = first;
    await using web = await startWebServer(({ path }) => ({
      body: path === '/s.graphql.sig?v=1' ? signature : body,
    }));
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    await using opened = open({ url: `${web.origin}/s.graphql?v=1`, publicKey: pem });
    expect(await opened.source.load()).toEqual(loaded(first));
    signature = `${raw.toString('base64')}\n`;
    expect(await opened.source.load()).toEqual(loaded(first));
    body = second;
    const rejected = {
      kind: 'rejected',
      reasons: [`${web.origin}/s.graphql: the signature does not match the content and \`publicKey\``],
    };
    expect(await opened.source.load()).toEqual(rejected);
    [body, signature] = [first, 'short'];
    expect(await opened.source.load()).toEqual(rejected);
  });
});

describe('supergraph.oci', () => {
  const host = (origin: string) => new URL(origin).host;

  test('loads the schema layer of a tag and follows the tag when it moves', async () => {
    await using registry = await startOciRegistry();
    registry.push('prod', first);
    await using opened = open({ oci: `oci://${host(registry.web.origin)}/shop/graph:prod` });
    expect(await opened.source.load()).toEqual(loaded(first));
    const before = registry.web.requests.length;
    expect(await opened.source.load()).toEqual(loaded(first));
    expect(registry.web.requests.slice(before)).toMatchObject([
      { method: 'HEAD', path: '/v2/shop/graph/manifests/prod' },
    ]);
    registry.push('prod', second);
    expect(await opened.source.load()).toEqual(loaded(second));
    expect(opened.source.isPolled()).toBe(true);
  });

  test('follows a tag of a registry without HEAD requests or without their digests', async () => {
    for (const head of [{ status: 405 }, { status: 200 }]) {
      await using registry = await startOciRegistry();
      const { respond } = registry.web;
      registry.web.respond = (request) => (request.method === 'HEAD' ? head : respond(request));
      registry.push('prod', first);
      await using opened = open({ oci: `oci://${host(registry.web.origin)}/shop/graph:prod` });
      expect(await opened.source.load()).toEqual(loaded(first));
      const before = registry.web.requests.length;
      expect(await opened.source.load()).toEqual(loaded(first));
      expect(registry.web.requests.slice(before).map(({ path }) => path)).toEqual(
        Array(2).fill('/v2/shop/graph/manifests/prod'),
      );
    }
  });

  test('requests a manifest with its media type after a redirect, too', async () => {
    await using registry = await startOciRegistry();
    const { respond } = registry.web;
    registry.push('prod', first);
    await using storage = await startWebServer((request) =>
      request.path.includes('/blobs/') || request.headers.accept?.includes('oci.image.manifest') === true
        ? respond(request)
        : { status: 404 },
    );
    registry.web.respond = ({ path }) => ({
      status: 307,
      headers: { location: `${storage.origin}${path}` },
    });
    await using opened = open({ oci: `oci://${host(registry.web.origin)}/shop/graph:prod` });
    expect(await opened.source.load()).toEqual(loaded(first));
  });

  test('loads a digest once', async () => {
    await using registry = await startOciRegistry();
    const digest = registry.push('prod', first);
    registry.push('prod', second);
    await using opened = open({ oci: `oci://${host(registry.web.origin)}/shop/graph@${digest}` });
    expect(await opened.source.load()).toEqual(loaded(first));
    expect(opened.source.isPolled()).toBe(false);
  });

  test('rejects a manifest or layer that does not have its digest, and a manifest without a schema', async () => {
    await using registry = await startOciRegistry();
    const digest = registry.push('prod', first);
    await using opened = open({ oci: `oci://${host(registry.web.origin)}/shop/graph:prod` });
    const good = new Map(registry.blobs);
    const replace = (key: string, text: string) => {
      for (const [name, content] of good) registry.blobs.set(name, content);
      registry.blobs.set(key, Buffer.from(text));
    };
    const layer = [...good].find(([, content]) => content.equals(Buffer.from(first)))?.[0] ?? '';
    const rejection = async () => {
      const result = await opened.source.load();
      expect(result.kind).toBe('rejected');
      return result.kind === 'rejected' ? result.reasons.join() : '';
    };
    replace(layer, second);
    expect(await rejection()).toContain(`expected ${layer.slice('sha256:'.length)}`);
    replace(digest, '{}');
    expect(await rejection()).toContain(`expected ${digest.slice('sha256:'.length)}`);
    const bare = JSON.stringify({ layers: [{ mediaType: 'text/plain', digest: 'sha256:1' }] });
    const bareDigest = `sha256:${createHash('sha256').update(bare).digest('hex')}`;
    replace(bareDigest, bare);
    registry.tags.set('prod', bareDigest);
    expect(await rejection()).toContain('no layer with the media type application/apollo.schema');
  });

  test('authenticates by a token service or as the registry demands, and sends no credentials to its storage', async () => {
    await using registry = await startOciRegistry();
    registry.push('prod', first);
    const { respond } = registry.web;
    await using storage = await startWebServer(respond);
    const basic = `Basic ${Buffer.from('u:p').toString('base64')}`;
    const challenges = {
      bearer: `Bearer realm="${registry.web.origin}/token?x=1",service="reg",scope="repository:shop/graph:pull"`,
      basic: 'Basic realm="reg"',
    };
    const guarded = (challenge: string, accepted: string) => {
      registry.web.respond = (request) => {
        const { path, headers } = request;
        if (path.startsWith('/token'))
          return { body: JSON.stringify({ token: `t-${headers.authorization}` }) };
        if (headers.authorization !== accepted)
          return { status: 401, headers: { 'www-authenticate': challenge } };
        return path.includes('/blobs/')
          ? { status: 307, headers: { location: `${storage.origin}${path}` } }
          : respond(request);
      };
    };
    const oci = `oci://${host(registry.web.origin)}/shop/graph:prod`;
    const cases = [
      [challenges.bearer, 'Bearer t-undefined', {}],
      [challenges.bearer, `Bearer t-${basic}`, { username: 'u', password: 'p' }],
      [challenges.basic, basic, { username: 'u', password: 'p' }],
      [challenges.bearer, 'Bearer own', { token: 'own' }],
    ] as const;
    for (const [challenge, accepted, credentials] of cases) {
      guarded(challenge, accepted);
      await using opened = open({ oci, ...credentials });
      expect(await opened.source.load()).toEqual(loaded(first));
    }
    expect(registry.web.requests.filter(({ path }) => path.startsWith('/token'))).toMatchObject([
      { path: '/token?x=1&service=reg&scope=repository%3Ashop%2Fgraph%3Apull' },
      {},
    ]);
    expect(storage.requests).toHaveLength(cases.length);
    expect(storage.requests.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);

    const { origin } = registry.web;
    const location = `/v2/shop/graph/manifests/prod`;
    const failures = [
      [{ path: '/token', body: 'SECRET' }, `${origin}/token: the response has no token`],
      [{ realm: 'nowhere' }, `${origin}/v2/shop/graph/: the registry refers to an invalid URL`],
      [
        { status: 307, location: 'http://[' },
        `${origin}/v2/shop/graph/: the registry refers to an invalid URL`,
      ],
      [{ status: 307, location }, `${origin}${location}: more than 3 redirects`],
    ] as const;
    for (const [response, reason] of failures) {
      registry.web.respond = ({ path }) => {
        if ('body' in response && path.startsWith(response.path)) return { body: response.body };
        if ('location' in response) return { status: 307, headers: { location: response.location } };
        const realm = 'realm' in response ? response.realm : `${origin}/token`;
        return { status: 401, headers: { 'www-authenticate': `Bearer realm="${realm}"` } };
      };
      await using failing = open({ oci });
      expect(await failing.source.load()).toEqual({ kind: 'unavailable', reasons: [reason] });
    }

    guarded(challenges.bearer, 'Bearer other');
    await using opened = open({ oci, token: 'own' });
    expect(await opened.source.load()).toMatchObject({
      kind: 'unavailable',
      reasons: [`${registry.web.origin}/v2/shop/graph/manifests/prod: responded with status 401`],
    });
  });
});

test('a file is composed again only when its schemas have changed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tributary-composed-'));
  await using _ = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
  const file = join(folder, 'supergraph.yaml');
  const write = (fields: string) =>
    writeFile(
      file,
      `subgraphs: { s: { routing_url: 'http://s.example/graphql', schema: { sdl: 'type Query { ${fields} }' } } }`,
    );
  let compositions = 0;
  await using sources = createSupergraphSources(
    configOf(JSON.stringify({ supergraph: { sources: [{ url: 'http://127.0.0.1:9/down' }, { file }] } })),
    {
      env: {},
      compose: async (subgraphs) => {
        compositions += 1;
        return compose(subgraphs);
      },
      ...createClock(),
      random: () => 0.5,
    },
  );
  const load = async () => ({ loaded: await sources.list[1]?.load(), compositions });
  await write('a: Int');
  expect(await load()).toEqual({ loaded: loaded(first), compositions: 1 });
  expect(await load()).toEqual({ loaded: loaded(first), compositions: 1 });
  await write('a: Int b: Int');
  expect(await load()).toEqual({ loaded: loaded(second), compositions: 2 });
  await write('a: Missing');
  expect(await load()).toMatchObject({ loaded: { kind: 'rejected' }, compositions: 3 });
  expect(await load()).toMatchObject({ loaded: { kind: 'rejected' }, compositions: 3 });
});

test('polls at intervals that differ by up to a tenth', async () => {
  for (const [random, expected] of [
    [0, 9_000],
    [0.5, 10_000],
    [1, 11_000],
  ] as const) {
    await using opened = open({ url: 'http://127.0.0.1:9/never-loaded' }, random);
    let polls = 0;
    opened.sources.onChange(async () => void (polls += 1));
    opened.clock.advance(expected - 1);
    expect(polls).toBe(0);
    opened.clock.advance(1);
    expect(polls).toBe(1);
    await setImmediate();
    opened.clock.advance(expected);
    expect(polls).toBe(2);
  }
});

describe('the configuration', () => {
  const problems = (yaml: string) => {
    try {
      configOf(yaml);
      return [];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return error.problems;
    }
  };

  test('takes one source or a list, and settings only where they apply', () => {
    expect(problems('supergraph: { url: "http://a/b", file: a.graphql }')).toEqual([
      'router.yaml:1: supergraph: only one of file, url, oci, registry and sources is allowed; list several as `sources` (found file, url)',
    ]);
    expect(problems('supergraph: { oci: "oci://host/graph" }')).toEqual([
      'router.yaml:1: supergraph.oci: must be oci://HOST/REPOSITORY:TAG or oci://HOST/REPOSITORY@sha256:DIGEST (found "oci://host/graph")',
    ]);
    expect(problems('supergraph: { sources: [{ file: a, token: x }, { timeoutMs: 5 }] }')).toEqual([
      expect.stringMatching(/^router.yaml:1: supergraph.sources.0.token: requires `oci`/),
      expect.stringMatching(/^router.yaml:1: supergraph.sources.1: needs exactly one of file, url, oci/),
    ]);
    expect(problems('supergraph: { sources: [{ url: "http://a", publicKey: nonsense }] }')).toEqual([
      expect.stringContaining('must be the PEM text of an Ed25519 public key'),
    ]);
  });

  test('SUPERGRAPH is a file, a URL or an OCI reference, and replaces all sources', () => {
    const yaml = 'supergraph: { sources: [{ url: "http://a" }] }';
    expect(configOf(yaml, { SUPERGRAPH: '/a.graphql' })).toMatchObject({ file: '/a.graphql' });
    expect(configOf(yaml, { SUPERGRAPH: 'https://h/a' })).toMatchObject({ url: 'https://h/a' });
    const { oci, file, url, sources } = configOf(yaml, { SUPERGRAPH: 'oci://h/a:b' });
    expect({ oci, file, url, sources }).toEqual({ oci: 'oci://h/a:b' });
    expect(configOf('')).toMatchObject({ file: '/etc/router/supergraph.yaml' });
  });
});
