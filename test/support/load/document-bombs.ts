/** Documents that exhaust servers which expand or plan them. */
export const BOMBS: Record<string, () => string> = {
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
  '900 spreads of fragments': () => `{${repeat(900, (i) => `...F${i}`)}}`,
  '450 spreads of fragments in two fields': () =>
    `{a{${repeat(450, (i) => `...F${i}`)}} a{${repeat(450, (i) => `...G${i}`)}}}`,
  '2^30 in a fragment that is not used': () => `{x} ${doubling(30).replace('{', 'fragment U on Q {')}`,
};

export function repeat(count: number, text: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => text(index)).join(' ');
}

export function nested(depth: number): string {
  return `${'{a'.repeat(depth)}${'}'.repeat(depth)}`;
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
