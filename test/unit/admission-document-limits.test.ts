import { parse } from 'graphql';
import { describe, expect, it } from 'vitest';
import { checkDocument, readParseError } from '../../router/admission/document-limits.ts';
import { screenDocument } from '../../router/admission/screen.ts';
import { checkVariables } from '../../router/admission/variable-limits.ts';
import { configSchema } from '../../router/config/config-schema.ts';
import { codeOf } from '../support/authentication.ts';
import { recordFigure } from '../support/figure.ts';

const { limits } = configSchema.parse({});

describe('a document', () => {
  it.each<[string, string, string]>([
    ['depth', nested(15), nested(16)],
    ['depth within fragments', throughFragments(14), throughFragments(15)],
    ['aliases', `{q{${repeat(30, (i) => `a${i}: x`)}}}`, `{q{${repeat(31, (i) => `a${i}: x`)}}}`],
    ['root fields', `{${repeat(20, (i) => `f${i}`)}}`, `{${repeat(21, (i) => `f${i}`)}}`],
    ['root fields within fragments', rootsInFragment(20), rootsInFragment(21)],
    ['directives', `{x ${repeat(50, () => '@d')}}`, `{x ${repeat(51, () => '@d')}}`],
    ['selections', expanded(9_999), expanded(10_001)],
  ])('may reach the limit of %s and not pass it', (limit, within, beyond) => {
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
  ])('has its directives counted %s', (_, source) => {
    expect(outcome(source)).toBe('MAX_DIRECTIVES_LIMIT');
  });

  it('is measured in every operation, whichever will be asked for', () => {
    expect(outcome(`query A {x} query B ${nested(16)}`)).toBe('MAX_DEPTH_LIMIT');
  });

  it('gets no discount for its names', () => {
    const aliases = repeat(31, (i) => `a${i}: x`);
    for (const name of ['__schema', '__proto__', 'constructor']) {
      expect(outcome(`query ${name} {q{${aliases}}}`)).toBe('MAX_ALIASES_LIMIT');
      expect(outcome(`{...${name}} fragment ${name} on Q {${aliases}}`)).toBe('MAX_ALIASES_LIMIT');
    }
  });

  it('may not contain itself', () => {
    expect(outcome('{...A} fragment A on Q {b{...B}} fragment B on Q {a{...A}}')).toBe(
      'GRAPHQL_VALIDATION_FAILED',
    );
  });

  it('is refused while parsing when it has too many tokens, under a code of its own', () => {
    const refusals = [`{${'x '.repeat(3_000)}}`, '{'].map((source) => {
      try {
        return parse(source, { maxTokens: limits.tokens });
      } catch (error) {
        return readParseError(error, limits);
      }
    });
    expect(refusals[0]).toMatchObject({ code: 'MAX_TOKENS_LIMIT' });
    expect(refusals[1]).toMatchObject({ message: 'Syntax Error: Expected Name, found <EOF>.' });
  });
});

/** Documents that ruin servers which expand or plan them. */
const bombs: Record<string, () => string> = {
  ...Object.fromEntries(
    [8, 12, 18, 22, 26, 30].map((n) => [`2^${n} by nested fragments`, () => doubling(n)]),
  ),
  '2^30 by fragments within fields': () => doubling(30, (spread) => `a{${spread}}`),
  '1,024 aliases': () => `{${repeat(1_024, (i) => `a${i}: x`)}}`,
  '5,000 aliases': () => `{${repeat(5_000, (i) => `a${i}: x`)}}`,
  '10,000 directives': () => `{x ${repeat(10_000, () => '@d')}}`,
  '10,000 fields': () => `{a{${repeat(10_001, (i) => `f${i}`)}}}`,
  'fields nested 1,500 deep': () => nested(1_500),
  'inline fragments nested 1,500 deep': () => `{${'...{'.repeat(1_500)}x${'}'.repeat(1_500)}}`,
  'a chain of 1,000 fragments': () => chain(1_000),
  '100 fragments, each of 100 spreads': () => wide(100),
  'a field 1,900 times': () => `{a{${repeat(1_900, () => 'x')}}}`,
  'a field with a field 480 times': () => `{a{${repeat(480, () => 'a{x}')}}}`,
  'a field 1,900 times in a fragment that is not used': () =>
    `{x} fragment F on Q {${repeat(1_900, () => 'x')}}`,
  '60 inline fragments of the same 25 fields': () =>
    `{a{${repeat(60, () => `...{${repeat(25, (i) => `f${i % 5}`)}}`)}}}`,
  '150 fragments of the same two fields': () =>
    `{a{${repeat(150, (i) => `...F${i}`)}}} ${repeat(150, (i) => `fragment F${i} on Q {x x}`)}`,
  '2^30 in a fragment that is not used': () => `{x} ${doubling(30).replace('{', 'fragment U on Q {')}`,
};

describe('a bomb', () => {
  it.each(Object.entries(bombs))('is refused without being expanded: %s', (_, build) => {
    const document = parse(build(), { noLocation: true });
    const code = refusal(() => checkDocument(document, limits));
    expect(code).toMatch(/^MAX_(DEPTH|ALIASES|ROOT_FIELDS|DIRECTIVES|SELECTIONS)_LIMIT$/);
  });

  it('costs less than 20 ms of CPU to refuse, from its text on', (context) => {
    const times = Object.entries(bombs).map(([name, build]) => {
      const source = build();
      const runs = Array.from({ length: 5 }, () => cpuMs(() => screenDocument(source, limits)));
      return { name, ms: runs.toSorted((a, b) => a - b)[2] ?? Infinity };
    });
    const [slowest] = times.toSorted((a, b) => b.ms - a.ms);
    recordFigure(context, 'documents in the bomb collection', times.length);
    recordFigure(
      context,
      `CPU to refuse the slowest bomb (${slowest?.name}), ms`,
      slowest?.ms.toFixed(2) ?? '',
    );
    expect(slowest?.ms).toBeLessThan(20);
  });
});

function cpuMs(run: () => void): number {
  const before = process.threadCpuUsage();
  expect(refusal(run)).toMatch(/^MAX_/);
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}

describe('variables', () => {
  it.each([
    ['nesting', { v: deep(32) }, { v: deep(33) }],
    ['list length', { v: list(1_000) }, { v: list(1_001) }],
    ['list length within', { v: { a: [{ b: list(1_000) }] } }, { v: { a: [{ b: list(1_001) }] } }],
  ])('may reach the limit of %s and not pass it', (_, within, beyond) => {
    expect(refusal(() => checkVariables(within, limits))).toBe('accepted');
    expect(refusal(() => checkVariables(beyond, limits))).toBe('MAX_INPUT_LIMIT');
  });

  it('nested 50,000 deep are refused without deep recursion', () => {
    expect(refusal(() => checkVariables({ v: deep(50_000) }, limits))).toBe('MAX_INPUT_LIMIT');
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
  return refusal(() => checkDocument(parse(source, { noLocation: true }), limits));
}

function refusal(check: () => void): string {
  try {
    check();
    return 'accepted';
  } catch (error) {
    return codeOf(error);
  }
}

function repeat(count: number, text: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => text(index)).join(' ');
}

function nested(depth: number): string {
  return `${'{a'.repeat(depth)}${'}'.repeat(depth)}`;
}

/** A field more than `levels`, as each fragment brings one and stands in one. */
function throughFragments(levels: number): string {
  const fragments = repeat(levels, (i) => `fragment F${i} on Q {a ${i === 0 ? '' : `{...F${i - 1}}`}}`);
  return `{a{...F${levels - 1}}} ${fragments}`;
}

function rootsInFragment(count: number): string {
  return `{...F} fragment F on Q {${repeat(count, (i) => `f${i}`)}}`;
}

/** An odd number of fields: one, and a fragment of half the rest used twice. */
function expanded(fields: number): string {
  return `{a{...F ...F}} fragment F on Q {${repeat((fields - 1) / 2, (i) => `f${i}`)}}`;
}

function doubling(levels: number, within = (spread: string) => spread): string {
  const fragments = repeat(
    levels,
    (i) => `fragment F${i} on Q {${i === 0 ? 'x y' : `${within(`...F${i - 1}`)} ${within(`...F${i - 1}`)}`}}`,
  );
  return `{...F${levels - 1}} ${fragments}`;
}

function chain(length: number): string {
  return `{...F0} ${repeat(length, (i) => `fragment F${i} on Q {${i === length - 1 ? 'x' : `...F${i + 1}`}}`)}`;
}

function wide(count: number): string {
  const spreads = (level: number) => repeat(100, () => `...F${level + 1}`);
  return `{...F0} ${repeat(count, (i) => `fragment F${i} on Q {${i === count - 1 ? 'x' : spreads(i)}}`)}`;
}

function deep(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

function list(length: number): number[] {
  return Array.from({ length }, () => 1);
}
