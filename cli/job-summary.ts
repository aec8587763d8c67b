import { appendFileSync } from 'node:fs';
import { messageOf } from '../router/shared/error-message.ts';

/** GitHub rejects a summary of more than 1 MiB. A UTF-16 unit has 3 bytes at most in UTF-8. */
const MAX_UNITS = 300_000;

/**
 * Adds Markdown to the summary of a job of GitHub Actions. Returns a message if the file cannot be written:
 * the result of a command does not depend on it.
 */
export function addJobSummary(file: string | undefined, markdown: string | undefined): string | undefined {
  if (file === undefined || file === '' || markdown === undefined) return undefined;
  try {
    appendFileSync(file, markdown);
    return undefined;
  } catch (error) {
    return `cannot write the summary of the job (GITHUB_STEP_SUMMARY): ${messageOf(error)}`;
  }
}

/** Returns text that Markdown shows as it is, in one line. Names of clients may contain anything. */
export function markdownText(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll(/[!-/:-@[-`{-~]/g, '\\$&');
}

/** Returns a block with text as it is. Its fence is longer than any in the text. */
export function markdownBlock(text: string): string {
  const shown = text.length > MAX_UNITS ? `${text.slice(0, MAX_UNITS)}\n…\n` : text;
  const runs = [...shown.matchAll(/`+/g)].map(([run]) => run.length);
  const fence = '`'.repeat(Math.max(3, ...runs.map((length) => length + 1)));
  return `${fence}text\n${shown}${fence}\n`;
}
