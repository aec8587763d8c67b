import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

/** Code blocks of a language in a Markdown text, without the indentation of the list that they stand in. */
function codeBlocks(markdown: string, language: string): readonly string[] {
  const blocks = markdown.matchAll(new RegExp(`^( *)\`\`\`${language}\\n([^]*?)^ *\`\`\`$`, 'gm'));
  return [...blocks].map(([, indent = '', code = '']) => code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''));
}

test('the code of the README is formatted as `npm run check` wants it', () => {
  const blocks = codeBlocks(readFileSync(join(root, 'README.md'), 'utf8'), 'ts');
  expect(blocks.length).toBeGreaterThanOrEqual(5);
  const folder = mkdtempSync(join(tmpdir(), 'tributary-readme-'));
  try {
    for (const [index, code] of blocks.entries()) writeFileSync(join(folder, `block-${index + 1}.ts`), code);
    const oxfmt = join(root, 'node_modules', 'oxfmt', 'bin', 'oxfmt');
    const config = ['--config', join(root, '.oxfmtrc.json')];
    const { status, stdout } = spawnSync(process.execPath, [oxfmt, '--check', ...config, folder], {
      encoding: 'utf8',
    });
    expect([stdout.match(/block-\d+\.ts/g), status]).toEqual([null, 0]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
