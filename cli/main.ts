import { codeOrMessageOf } from '../router/shared/error-message.ts';
import { runProgram } from './program.ts';
import { SECTIONS } from './verbs.ts';

// The reader of the output may end before the command: `tributary compose | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') return;
  // For example a full disk, to which the output was redirected.
  console.error(`cannot write the output: ${codeOrMessageOf(error)}`);
  process.exit(1);
});

process.exitCode = await runProgram(SECTIONS, process.argv.slice(2));
