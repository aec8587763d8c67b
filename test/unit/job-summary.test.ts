import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { addJobSummary, markdownBlock, markdownText } from '../../cli/job-summary.ts';

const folder = mkdtempSync(join(tmpdir(), 'tributary-summary-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const earlier = join(folder, 'earlier');
writeFileSync(earlier, 'earlier step\n');

test.each([
  ['adds to what earlier steps wrote', earlier, '## Check\n', 'earlier step\n## Check\n'],
  ['creates the file', join(folder, 'new'), '## Check\n', '## Check\n'],
  ['writes nothing without a summary', earlier, undefined, 'earlier step\n## Check\n'],
])('%s', (_, file, markdown, content) => {
  expect(addJobSummary(file, markdown)).toBeUndefined();
  expect(readFileSync(file, 'utf8')).toBe(content);
});

test.each([
  ['no variable', undefined, undefined],
  ['an empty variable', '', undefined],
  [
    'a file that cannot be written',
    folder,
    expect.stringMatching(/^cannot write the summary of the job \(GITHUB_STEP_SUMMARY\): EISDIR/),
  ],
])('%s does not make a command fail', (_, file, problem) => {
  expect(addJobSummary(file, '## Check\n')).toEqual(problem);
});

test.each([
  ['Product.name', 'Product\\.name'],
  ['a | b\n| c |', 'a \\| b \\| c \\|'],
  ['<img src=x> [x](y) `z`', '\\<img src\\=x\\> \\[x\\]\\(y\\) \\`z\\`'],
])('text %j is shown as it is', (text, markdown) => {
  expect(markdownText(text)).toBe(markdown);
});

test('a block cannot be ended by its text, and is at most as long as GitHub accepts', () => {
  expect(markdownBlock('one\n')).toBe('```text\none\n```\n');
  expect(markdownBlock('````\n</details>\n')).toBe('`````text\n````\n</details>\n`````\n');
  expect(Buffer.byteLength(markdownBlock('€'.repeat(2_000_000)))).toBeLessThan(1_048_576);
});
