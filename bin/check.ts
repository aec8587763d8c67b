import { spawn } from 'node:child_process';
import { devNull } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { styleText } from 'node:util';
import { MisuseError } from '../cli/command-spec.ts';
import { readCommandLine } from '../cli/single-command.ts';

// Every step runs, so that one run shows all failures.

const COMMAND = {
  name: 'npm run check',
  summary:
    'Runs lint, types, format, unused code, layout, language, composition and generated files, as CI does before the tests.',
  positionals: { name: '[STEP…]', max: Infinity, description: 'Run only these steps. Default: all.' },
  options: {},
} as const;

const root = join(import.meta.dirname, '..');

type Step = { readonly name: string; readonly command: readonly [file: string, ...args: string[]] };

const STEPS: readonly Step[] = [
  { name: 'lint', command: ['node_modules/oxlint/bin/oxlint', '--type-aware', '--deny-warnings'] },
  { name: 'types', command: ['node_modules/typescript/bin/tsc', '-p', '.'] },
  { name: 'console types', command: ['node_modules/typescript/bin/tsc', '-p', 'console'] },
  { name: 'format', command: ['node_modules/oxfmt/bin/oxfmt', '--check'] },
  { name: 'unused code', command: ['node_modules/knip/bin/knip.js'] },
  { name: 'layout', command: ['bin/check/layout.ts'] },
  { name: 'language', command: ['bin/check/language.ts'] },
  { name: 'composition', command: ['cli/main.ts', 'compose', '--output', devNull] },
  { name: 'generated files', command: ['bin/generate.ts', '--check'] },
];

const steps = readCommandLine(COMMAND, ({ positionals }) => selected(positionals));
const failures: string[] = [];
for (const step of steps) if (!(await passes(step))) failures.push(step.name);
if (failures.length > 0) {
  console.error(`\nFailed: ${failures.join(', ')}.`);
  process.exitCode = 1;
}

function selected(names: readonly string[]): readonly Step[] {
  const unknown = names.find((name) => STEPS.every((step) => step.name !== name));
  if (unknown !== undefined) {
    throw new MisuseError(
      `unknown step "${unknown}"; the steps are ${STEPS.map(({ name }) => `"${name}"`).join(', ')}`,
    );
  }
  return names.length === 0 ? STEPS : STEPS.filter(({ name }) => names.includes(name));
}

/** Prints one line for a step that passes, and the output of one that fails. */
async function passes({ name, command }: Step): Promise<boolean> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, command, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [code, output, errors] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const ok = code === 0;
  console.log(`${styleText(ok ? 'green' : 'red', ok ? 'ok    ' : 'failed')} ${name} (${seconds} s)`);
  if (!ok) console.log(`${output}${errors}`);
  return ok;
}
