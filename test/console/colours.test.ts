import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SUBGRAPH_COLOURS, subgraphColours } from '../../console/frame/subgraph-colours.ts';

type Rgb = readonly [red: number, green: number, blue: number];

const css = readFileSync(join(import.meta.dirname, '../../console/styles/colours.css'), 'utf8');

/** The table of styles/colours.css, as linear light from 0 to 1. */
const TABLE = new Map(
  [...css.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);/g)].map(
    ([, name = '', light = '', dark = '']) => [name, { light: linear(light), dark: linear(dark) }],
  ),
);

function linear(hex: string): Rgb {
  const channel = (at: number) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.040_45 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
}

type Theme = 'light' | 'dark';

const THEMES: readonly Theme[] = ['light', 'dark'];

function colour(name: string, theme: Theme): Rgb {
  const entry = TABLE.get(name);
  if (entry === undefined) throw new Error(`--${name} is not in the table`);
  return entry[theme];
}

/** Contrast ratio of WCAG 2.2. */
function contrast(one: Rgb, other: Rgb): number {
  const luminance = ([red, green, blue]: Rgb) => 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

// Machado, Oliveira and Fernandes 2009, severity 1.
const VISION: Readonly<Record<string, readonly [Rgb, Rgb, Rgb]>> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

/** Distance of two colours in Oklab, times 100, as a person with this vision sees them. */
function distance(one: Rgb, other: Rgb, vision: string): number {
  const seen = (rgb: Rgb): Rgb => {
    const [red, green, blue] = VISION[vision] ?? [rgb, rgb, rgb];
    const dot = (row: Rgb) => row[0] * rgb[0] + row[1] * rgb[1] + row[2] * rgb[2];
    return [dot(red), dot(green), dot(blue)];
  };
  const [a, b] = [oklab(seen(one)), oklab(seen(other))];
  return 100 * Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

function oklab([red, green, blue]: Rgb): Rgb {
  const l = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue);
  const m = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue);
  const s = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

const TEXT = ['ink', 'ink-soft', 'ink-accent', 'good', 'warn', 'bad'];
const CODE = ['code-keyword', 'code-string', 'code-number', 'code-property', 'code-name'];
const SURFACES = ['surface', 'surface-raised', 'surface-sunken', 'surface-hover', 'surface-selected'];
const SUBGRAPHS = Array.from({ length: SUBGRAPH_COLOURS }, (_, index) => `subgraph-${index}`);

describe.each(THEMES)('the %s colours', (theme) => {
  test('have a contrast of at least 4.5 between text and surface', () => {
    const pairs = [
      ...TEXT.flatMap((text) => SURFACES.map((surface) => [text, surface] as const)),
      ...CODE.map((text) => [text, 'surface'] as const),
      ['good', 'surface-good'] as const,
      ['warn', 'surface-warn'] as const,
      ['bad', 'surface-bad'] as const,
      ['ink-on-accent', 'accent'] as const,
    ];
    const weak = pairs
      .map(([text, surface]) => ({
        pair: `${text} on ${surface}`,
        ratio: contrast(colour(text, theme), colour(surface, theme)),
      }))
      .filter(({ ratio }) => ratio < 4.5);
    expect(weak).toEqual([]);
  });

  test('of subgraphs have a contrast of at least 3, and differ for every kind of colour vision', () => {
    const surface = colour('surface', theme);
    expect(SUBGRAPHS.filter((name) => contrast(colour(name, theme), surface) < 3)).toEqual([]);
    const near = Object.keys(VISION).flatMap((vision) =>
      SUBGRAPHS.flatMap((one, index) =>
        SUBGRAPHS.slice(index + 1).map((other) => ({
          pair: `${one} and ${other}, ${vision}`,
          distance: distance(colour(one, theme), colour(other, theme), vision),
        })),
      ),
    );
    expect(near.filter((entry) => entry.distance < 6)).toEqual([]);
  });
});

test('subgraphs get colours by sorted name, whatever their order', () => {
  expect([...subgraphColours(['user', 'order', 'product', 'order'])]).toEqual([
    ['order', 0],
    ['product', 1],
    ['user', 2],
  ]);
});
