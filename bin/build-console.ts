import { readCommandLine } from '../cli/single-command.ts';
import { bundleConsole, CONSOLE_FOLDER } from './console/bundle.ts';

const COMMAND = {
  name: 'npm run console',
  summary: 'Bundles the console into console/dist. `npm ci`, `npm start` and `npm test` do so, too.',
  options: {
    'if-possible': {
      type: 'boolean',
      description: 'Succeed without a bundle where development dependencies are not installed.',
    },
  },
} as const;

const { values } = readCommandLine(COMMAND, (line) => line);
const built = await bundleConsole(CONSOLE_FOLDER);
console.error(built ?? 'console not built: esbuild is not installed');
if (built === undefined && !values['if-possible']) process.exitCode = 1;
