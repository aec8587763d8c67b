import { awaitInterruption } from '../support/processes/interruption.ts';
import { createPackageManager } from '../support/servers/package-manager.ts';
import { providePostgres } from '../support/servers/postgres.ts';
import { NotProvided } from '../support/servers/provide.ts';
import { provideRedis } from '../support/servers/redis.ts';
import { runChaos } from './chaos.ts';
import { readCommandLine } from '../../cli/single-command.ts';
import { COMMAND, readOptions } from './options.ts';
import { report } from './report.ts';

const REQUESTS_PER_S = 40;

try {
  process.exitCode = await run();
} catch (error) {
  if (!(error instanceof NotProvided)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}

async function run(): Promise<number> {
  const { minutes, seed } = readCommandLine(COMMAND, readOptions);
  const { stop, exitCode } = awaitInterruption();
  console.log(`seed ${seed}, ${minutes} minutes`);
  const packages = createPackageManager();
  // The run kills a Redis of its own and needs only the program of this one.
  await using redis = await provideRedis(packages);
  await using postgres = await providePostgres(packages);
  console.log(`Redis: ${redis.from}\nPostgres: ${postgres.from}\n`);
  const { history, violations } = await runChaos({
    seed,
    durationMs: minutes * 60_000,
    requestsPerS: REQUESTS_PER_S,
    postgresUrl: postgres.url,
    tell: (line) => console.log(line),
    stop,
  });
  console.log(report(history, violations));
  return violations.length > 0 ? 1 : (exitCode() ?? 0);
}
