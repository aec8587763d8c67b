import { describe, expect, it } from 'vitest';
import { readManifest, readUnlistedUse } from '../../checks/manifest.ts';
import { readParameters } from '../../router/persisted-operations/graphql-parameters.ts';
import { parseManifest } from '../../router/persisted-operations/manifest.ts';
import { BoundedTextCache } from '../../router/shared/bounded-text-cache.ts';
import { sha256Of } from '../../router/persisted-operations/registry.ts';
import type { ClientRequest } from '../../router/request/client-request.ts';

const BODY = 'query Books {\n  books { id }\n}';

const manifestOf = (operations: readonly object[], head: object = {}) =>
  JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, ...head, operations });

describe('a manifest', () => {
  const manifest = parseManifest(manifestOf([{ id: 'one', name: 'Books', type: 'query', body: BODY }]));

  it.each([
    ['its id', 'one', BODY],
    ['the hash of its text', sha256Of(BODY), BODY],
    ['no other', 'two', undefined],
    ['no property of every object', 'constructor', undefined],
    ['no property of every object', '__proto__', undefined],
  ])('has an operation by %s', (_name, id, expected) => {
    expect(manifest.byId(id)).toBe(expected);
  });

  it.each([
    ['that is unchanged', BODY, BODY],
    ['with other blanks and a comment', '# x\nquery Books{books{id}}', BODY],
    ['with another field', 'query Books{books{id title}}', undefined],
    ['with another name', 'query Books2{books{id}}', undefined],
    ['that is invalid', 'query Books{"', undefined],
    ['with thousands of blanks', `${' '.repeat(5_000)}${BODY}`, undefined],
  ])('has a text %s', (_name, text, expected) => {
    expect(manifest.byText(text)).toBe(expected);
  });

  it('may begin with a byte order mark', () => {
    const text = manifestOf([{ id: 'one', name: 'Books', type: 'query', body: BODY }]);
    expect(parseManifest(`\uFEFF${text}`).byId('one')).toBe(BODY);
    expect(readManifest(`\uFEFF${text}`, 'manifest.json')).toMatchObject([{ id: 'one', body: BODY }]);
    expect(readUnlistedUse('\uFEFF{"droppedCoordinates":{"Book.id":2}}')).toEqual({ 'Book.id': 2 });
  });

  it.each([
    ['another format', manifestOf([], { format: 'relay' })],
    ['another version', manifestOf([], { version: 2 })],
    ['an operation without a body', manifestOf([{ id: 'a', name: 'A', type: 'query' }])],
    ['one id for two operations', manifestOf([operation('{ a }'), operation('{ b }')])],
    ['a body that is not GraphQL', manifestOf([operation('{ "')])],
    ['text that is not JSON', '{'],
  ])('with %s is rejected', (_name, text) => {
    expect(() => parseManifest(text)).toThrow(/./);
  });
});

describe('recent texts', () => {
  it('never exceed their memory, and keep texts in use', () => {
    const texts = new BoundedTextCache(100_000);
    texts.set('kept', 'text');
    for (let round = 0; round < 10_000; round++) {
      texts.set(`text ${round}`, 'x'.repeat(200));
      expect(texts.get('kept')).toBe('text');
    }
    const held = Array.from({ length: 10_000 }, (_, round) => texts.get(`text ${round}`)).filter(Boolean);
    expect(held.length * 400).toBeLessThan(100_000);
    texts.set('large', 'x'.repeat(60_000));
    expect(texts.get('large')).toBeUndefined();
  });
});

describe('a request', () => {
  it.each<[name: string, request: Partial<ClientRequest>]>([
    ['a batch', { body: [{ query: '{ a }' }] }],
    ['a document that is not a string', { body: { query: 7 } }],
    ['variables as text', { body: { query: '{ a }', variables: '{}' } }],
    ['a parameter given twice', { method: 'GET', search: '?query={a}&query={b}' }],
    ['variables that are not JSON', { method: 'GET', search: '?query={a}&variables={' }],
  ])('with %s is rejected', (_name, request) => {
    expect(() => readParameters(requestOf(request))).toThrow(
      expect.objectContaining({ code: 'BAD_REQUEST' }),
    );
  });

  it('has the same meaning by GET and by POST', () => {
    const extensions = { persistedQuery: { version: 1, sha256Hash: 'a' }, other: 1 };
    const search = `?${new URLSearchParams({ variables: '{"n":1}', extensions: JSON.stringify(extensions) }).toString()}`;
    const get = requestOf({ method: 'GET', search });
    const post = requestOf({ body: { variables: { n: 1 }, extensions } });
    expect(readParameters(get)).toEqual(readParameters(post));
    expect(readParameters(get)).toEqual({
      query: undefined,
      operationName: undefined,
      variables: { n: 1 },
      persisted: extensions.persistedQuery,
    });
  });
});

function operation(body: string) {
  return { id: 'a', name: 'A', type: 'query', body };
}

function requestOf(parts: Partial<ClientRequest>): ClientRequest {
  const request: Partial<ClientRequest> = { method: 'POST', search: '', headers: {}, ...parts };
  return request as ClientRequest;
}
