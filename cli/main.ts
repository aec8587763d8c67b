import { runProgram } from './program.ts';
import { SECTIONS } from './verbs.ts';

// The reader of the output may end before the command: `tributary compose | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

process.exitCode = await runProgram(SECTIONS, process.argv.slice(2));
