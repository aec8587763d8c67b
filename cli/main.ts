import { holdYoungGeneration } from '../router/process/young-generation-growth.ts';
import { codeOrMessageOf } from '../router/shared/error-message.ts';
import { runProgram } from './program.ts';
import type { Section } from './verb.ts';

const args = process.argv.slice(2);

// The reader of the output may end before the command: `tributary compose | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return;
  // For example a full disk, to which the output was redirected.
  console.error(`cannot write the output: ${codeOrMessageOf(error)}`);
  process.exit(1);
});

process.exitCode = await runProgram(await sectionsFor(args), args);

/** Loads the verbs. A running router needs only its own: the others would occupy memory. */
async function sectionsFor([name]: readonly string[]): Promise<readonly Section[]> {
  if (name !== 'serve') return (await import('./verbs.ts')).SECTIONS;
  holdYoungGeneration();
  const { serve } = await import('./commands/serve.ts');
  return [{ heading: 'Run a router', entries: [serve] }];
}
