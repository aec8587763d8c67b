import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBrowser } from '../test/support/servers/browser.ts';
import { MISSING, provideDeployTools } from '../test/support/servers/deploy-tools.ts';
import { createPackageManager } from '../test/support/servers/package-manager.ts';
import type { PackageManager } from '../test/support/servers/package-manager.ts';
import { providePostgres } from '../test/support/servers/postgres.ts';
import { NotProvided } from '../test/support/servers/provide.ts';
import { provideRedis } from '../test/support/servers/redis.ts';
import { readCommandLine } from '../cli/single-command.ts';
import { bundleConsole, CONSOLE_FOLDER } from './console/bundle.ts';
import { summarize } from './test/summary.ts';

const root = join(import.meta.dirname, '..');

const COMMAND = {
  // `npm run timing` starts this program with the option.
  name: process.argv.includes('--timing') ? 'npm run timing' : 'npm test',
  summary: 'Runs the tests against a real Redis and a real Postgres, which are provided for the run.',
  positionals: {
    name: '[FILE…]',
    max: Infinity,
    description: 'Run only test files whose path contains one of these. Default: all.',
  },
  options: {
    testNamePattern: {
      type: 'string',
      short: 't',
      value: 'PATTERN',
      description: 'Run only tests whose full name matches.',
    },
    timing: {
      type: 'boolean',
      description: 'Run the tests in test/timing instead, which assert durations: on an idle machine.',
    },
    thorough: {
      type: 'boolean',
      description: 'Run repeated and randomized tests with more cases: about 5 minutes more.',
    },
  },
  passedOn: 'Further options for vitest.',
} as const;

const { values, positionals, passedOn } = readCommandLine(COMMAND, (line) => line);
const pattern = values.testNamePattern === undefined ? [] : ['--testNamePattern', values.testNamePattern];
const projects = values.timing ? '--project=timing' : '--project=!timing';
try {
  process.exitCode = await test([projects, ...positionals, ...pattern, ...passedOn]);
} catch (error) {
  if (!(error instanceof NotProvided)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

/** Runs vitest against a real Redis and a real Postgres, which are stopped afterwards. */
async function test(args: readonly string[]): Promise<number> {
  const interrupted = interruption();
  await using stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'tributary-report-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const packages = createPackageManager();
  await bundleConsole(CONSOLE_FOLDER);
  const [redis, postgres] = await provideBoth(packages, stack);
  const browser = await findBrowser(packages);
  const { helm, composeGo, haproxy, prometheus, promtool } = await provideDeployTools(packages);
  if (interrupted.signal.aborted) return 130;
  console.log(
    `Redis: ${redis.from}\nPostgres: ${postgres.from}\nBrowser: ${browser ?? 'none, so pages are not tested'}\nHelm: ${helm ?? MISSING.helm}\ncompose-go: ${composeGo ?? MISSING.composeGo}\nHAProxy: ${haproxy ?? MISSING.haproxy}\nPrometheus: ${prometheus ?? MISSING.prometheus}\npromtool: ${promtool ?? MISSING.promtool}\n`,
  );

  const report = join(folder, 'report.json');
  const environment = {
    REDIS_URL: redis.url,
    DATABASE_URL: postgres.url,
    ...(values.thorough && { THOROUGH: '1' }),
    ...(browser !== undefined && { CHROMIUM_PATH: browser }),
  };
  const code = await runVitest(args, { report, environment, interrupted: interrupted.signal });
  console.log(summarize(report, code));
  return code;
}

/** Provides both concurrently; if one fails, the other is still stopped. */
async function provideBoth(packages: PackageManager, stack: AsyncDisposableStack) {
  const [redis, postgres] = await Promise.allSettled([
    provideRedis(packages).then((server) => stack.use(server)),
    providePostgres(packages).then((server) => stack.use(server)),
  ]);
  if (redis.status === 'rejected') throw redis.reason;
  if (postgres.status === 'rejected') throw postgres.reason;
  return [redis.value, postgres.value] as const;
}

type VitestRun = {
  readonly report: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly interrupted: AbortSignal;
};

async function runVitest(args: readonly string[], run: VitestRun): Promise<number> {
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${run.report}`];
  const child = spawn(process.execPath, [vitest, 'run', ...reporters, ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...withoutRegistry(process.env), ...run.environment },
  });
  run.interrupted.addEventListener('abort', () => child.kill('SIGINT'), { once: true });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}

/** Keeps Ctrl-C from ending this process before the servers are stopped. */
function interruption(): AbortController {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => controller.abort());
  return controller;
}

/** Returns the environment without the registry that the shell's commands use, which tests would contact. */
function withoutRegistry(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('TRIBUTARY_')));
}
