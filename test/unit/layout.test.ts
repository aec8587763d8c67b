import { describe, expect, test } from 'vitest';
import { crossImports, layoutProblems } from '../../bin/check/layout.ts';

const LAYERS = [
  { name: 'top', modules: { 'main.ts': '', stage: '' } },
  { name: 'bottom', modules: { shared: '' } },
];

/** Returns a tree without problems, with some files replaced or added. */
function problemsOf(files: Readonly<Record<string, string>>): readonly string[] {
  const tree = {
    'main.ts': "import { run } from './stage/run.ts';",
    'stage/run.ts': "import type { Text } from '../shared/text.ts';\nimport { join } from 'node:path';",
    'shared/text.ts': '',
  };
  return layoutProblems(new Map(Object.entries({ ...tree, ...files })), LAYERS);
}

describe('the layout check of npm run check', () => {
  test('accepts imports of lower layers and of the same folder', () => {
    expect(problemsOf({ 'shared/word.ts': "export { text } from './text.ts';" })).toEqual([]);
  });

  test('finds a cycle of types within a folder', () => {
    expect(
      problemsOf({
        'shared/a.ts': "import type { B } from './b.ts';",
        'shared/b.ts': "import {\n  c,\n} from './c.ts';",
        'shared/c.ts': "const a = await import('./a.ts');",
      }),
    ).toEqual(['import cycle: shared/a.ts → shared/b.ts → shared/c.ts → shared/a.ts']);
  });

  test('finds an import of a type from a higher layer', () => {
    expect(problemsOf({ 'shared/text.ts': "import type { Main } from '../main.ts';" })).toEqual([
      'import cycle: main.ts → stage/run.ts → shared/text.ts → main.ts',
      'shared/text.ts imports main.ts, which is in a higher layer',
    ]);
    expect(problemsOf({ 'shared/word.ts': "import type { Run } from '../stage/run.ts';" })).toEqual([
      'shared/word.ts imports stage/run.ts, which is in a higher layer',
    ]);
  });

  test('finds modules that the list of layers lacks, and listed ones without files', () => {
    expect(problemsOf({ 'other/a.ts': '' })).toEqual(['other is not in bin/check/layers.ts']);
    expect(layoutProblems(new Map([['main.ts', '']]), LAYERS)).toEqual([
      'stage is in bin/check/layers.ts and has no file',
      'shared is in bin/check/layers.ts and has no file',
    ]);
  });

  test('finds basenames that occur twice and folders with too many files', () => {
    expect(problemsOf({ 'shared/run.ts': '' })).toEqual([
      'run.ts is the name of 2 files: stage/run.ts, shared/run.ts',
    ]);
    const many = Array.from({ length: 17 }, (_, index) => [`shared/f${index}.ts`, '']);
    expect(problemsOf(Object.fromEntries(many))).toEqual(['shared has 18 files, at most 16 are allowed']);
    const root = Object.fromEntries(Array.from({ length: 5 }, (_, index) => [`r${index}.ts`, '']));
    expect(problemsOf(root)).toContain('. has 6 files, at most 5 are allowed');
  });

  test('finds an import between folders that the rules do not allow', () => {
    const tree = new Map([
      ['router/a.ts', "import { b } from '../cli/b.ts';"],
      ['cli/b.ts', "import { c } from '../router/c.ts';"],
      ['router/c.ts', "import { d } from './d.ts';"],
      ['test/d.ts', "import { b } from '../cli/b.ts';"],
    ]);
    expect(crossImports(tree, { router: [], cli: ['router'] })).toEqual([
      'router/a.ts imports cli/b.ts: router/ may import only its own files',
    ]);
  });
});
