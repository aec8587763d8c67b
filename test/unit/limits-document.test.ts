import { parse } from 'graphql';
import { afterAll, describe, expect, it } from 'vitest';
import { checkDocument, readParseError } from '../../router/limits/document-limits.ts';
import { checkVariables } from '../../router/limits/variable-limits.ts';
import { configSchema } from '../../router/config/config-schema.ts';
import { RouterError } from '../../router/shared/errors.ts';
import { codeOf } from '../support/callers/authentication.ts';
import { startReadingDocuments } from '../support/graphs/read-documents.ts';
import { BOMBS, nested, repeat } from '../support/load/document-bombs.ts';

const config = configSchema.parse({});
const { limits } = config;
const documents = await startReadingDocuments(config);
afterAll(() => documents[Symbol.asyncDispose]());

describe('a document', () => {
  it.each<[string, string, string]>([
    ['depth', nested(15), nested(16)],
    ['depth within fragments', throughFragments(14), throughFragments(15)],
    ['aliases', `{q{${repeat(30, (i) => `a${i}: x`)}}}`, `{q{${repeat(31, (i) => `a${i}: x`)}}}`],
    ['root fields', `{${repeat(20, (i) => `f${i}`)}}`, `{${repeat(21, (i) => `f${i}`)}}`],
    ['root fields within fragments', rootsInFragment(20), rootsInFragment(21)],
    ['directives', `{x ${repeat(50, () => '@d')}}`, `{x ${repeat(51, () => '@d')}}`],
    ['selections', expanded(9_999), expanded(10_001)],
  ])('may reach the limit of %s and not exceed it', (limit, within, beyond) => {
    expect(outcome(within)).toBe('accepted');
    expect(outcome(beyond)).toBe(CODES[limit.split(' ')[0] ?? '']);
  });

  it.each([
    ['on the operation', `query ${repeat(51, () => '@d')} {x}`],
    ['on variables', `query ($v: Int ${repeat(51, () => '@d')}) {x}`],
    ['on inline fragments', `{... ${repeat(51, () => '@d')} {x}}`],
    ['on spreads', `{...F ${repeat(51, () => '@d')}} fragment F on Q {x}`],
    ['on fragments', `{...F} fragment F on Q ${repeat(51, () => '@d')} {x}`],
    ['added up over a fragment used twice', `{...F a{...F}} fragment F on Q {x ${repeat(26, () => '@d')}}`],
  ])('counts its directives %s', (_, source) => {
    expect(outcome(source)).toBe('MAX_DIRECTIVES_LIMIT');
  });

  it('is measured in every operation, whichever is requested', () => {
    expect(outcome(`query A {x} query B ${nested(16)}`)).toBe('MAX_DEPTH_LIMIT');
  });

  it('is measured independently of its names', () => {
    const aliases = repeat(31, (i) => `a${i}: x`);
    for (const name of ['__schema', '__proto__', 'constructor']) {
      expect(outcome(`query ${name} {q{${aliases}}}`)).toBe('MAX_ALIASES_LIMIT');
      expect(outcome(`{...${name}} fragment ${name} on Q {${aliases}}`)).toBe('MAX_ALIASES_LIMIT');
    }
  });

  it('must not contain itself', () => {
    expect(outcome('{...A} fragment A on Q {b{...B}} fragment B on Q {a{...A}}')).toBe(
      'GRAPHQL_VALIDATION_FAILED',
    );
  });

  it('is rejected while parsing if it has too many tokens, with a code of its own', () => {
    const rejections = [`{${'x '.repeat(3_000)}}`, '{'].map((source) => {
      try {
        return parse(source, { maxTokens: limits.tokens });
      } catch (error) {
        return readParseError(error, limits);
      }
    });
    expect(rejections[0]).toMatchObject({ code: 'MAX_TOKENS_LIMIT' });
    expect(rejections[1]).toMatchObject({ message: 'Syntax Error: Expected Name, found <EOF>.' });
  });
});

describe('a bomb', () => {
  it.each(Object.entries(BOMBS))('is rejected without being expanded: %s', async (_, build) => {
    const document = parse(build(), { noLocation: true });
    const code = rejection(() => checkDocument(document, limits));
    expect(code).toMatch(/^MAX_(DEPTH|ALIASES|ROOT_FIELDS|DIRECTIVES|SELECTIONS)_LIMIT$/);
    await expect(documents.read(build(), undefined)).rejects.toMatchObject({
      code: expect.stringMatching(/^MAX_/),
    });
  });
});

it.each([
  ['arguments', `{a(${repeat(600, () => 'id: 1')})}`],
  ['variables', `query(${repeat(480, () => '$a: Int')}) {__typename}`],
])('an error about repeated %s names the first 8 of their locations', async (_, source) => {
  const rejected = await documents.read(source, undefined).catch((error: unknown) => error);
  const { listed = [] } = rejected instanceof RouterError ? rejected : {};
  const locations = listed.map((error) => error.locations?.length ?? 0);
  expect(Math.max(...locations)).toBe(8);
});

describe('variables', () => {
  it.each([
    ['nesting', { v: deep(32) }, { v: deep(33) }],
    ['list length', { v: list(1_000) }, { v: list(1_001) }],
    ['list length within', { v: { a: [{ b: list(1_000) }] } }, { v: { a: [{ b: list(1_001) }] } }],
  ])('may reach the limit of %s and not exceed it', (_, within, beyond) => {
    expect(rejection(() => checkVariables(within, limits))).toBe('accepted');
    expect(rejection(() => checkVariables(beyond, limits))).toBe('MAX_INPUT_LIMIT');
  });

  it('nested 50,000 deep are rejected without deep recursion', () => {
    expect(rejection(() => checkVariables({ v: deep(50_000) }, limits))).toBe('MAX_INPUT_LIMIT');
  });
});

const CODES: Readonly<Record<string, string>> = {
  depth: 'MAX_DEPTH_LIMIT',
  aliases: 'MAX_ALIASES_LIMIT',
  root: 'MAX_ROOT_FIELDS_LIMIT',
  directives: 'MAX_DIRECTIVES_LIMIT',
  selections: 'MAX_SELECTIONS_LIMIT',
};

function outcome(source: string): string {
  return rejection(() => checkDocument(parse(source, { noLocation: true }), limits));
}

function rejection(check: () => void): string {
  try {
    check();
    return 'accepted';
  } catch (error) {
    return codeOf(error);
  }
}

/** Has one field more than `levels`, since each fragment adds one and is a selection of one. */
function throughFragments(levels: number): string {
  const fragments = repeat(levels, (i) => `fragment F${i} on Q {a ${i === 0 ? '' : `{...F${i - 1}}`}}`);
  return `{a{...F${levels - 1}}} ${fragments}`;
}

function rootsInFragment(count: number): string {
  return `{...F} fragment F on Q {${repeat(count, (i) => `f${i}`)}}`;
}

/** Has an odd number of fields: one, and a fragment with half of the rest that is used twice. */
function expanded(fields: number): string {
  return `{a{...F ...F}} fragment F on Q {${repeat((fields - 1) / 2, (i) => `f${i}`)}}`;
}

function deep(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

function list(length: number): number[] {
  return Array.from({ length }, () => 1);
}
