import { once } from 'node:events';
import { styleText } from 'node:util';
import type { Config } from '../../router/config/config-schema.ts';
import { followConfig } from '../../router/process/follow-config.ts';
import { createRouter } from '../../router/router.ts';
import type { Router } from '../../router/router.ts';
import { startMocks } from './mocked-composition.ts';
import type { MockedComposition } from './mocked-composition.ts';

/**
 * Composes, watches and serves in this process until SIGINT or SIGTERM. Log lines follow the text that says
 * where the graph is.
 */
export async function runDevSession(config: Config, mocked: readonly string[]): Promise<void> {
  const stopped = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await using mocks = await startMocks(mocked);
  using log = holdBack();
  await using router = await createRouter(config, { compose: mocks.compose, log });
  console.log(await welcome(router, config, mocks));
  log.release();
  using _ = followConfig(router, { env: process.env, directory: process.cwd() });
  await stopped;
}

type HeldLog = Disposable & { readonly isTTY: boolean; write(line: string): void; release(): void };

/** Keeps log lines until they are released, or until this is disposed. */
function holdBack(): HeldLog {
  let held: string[] | undefined = [];
  const release = () => {
    for (const line of held ?? []) process.stdout.write(line);
    held = undefined;
  };
  return {
    isTTY: process.stdout.isTTY,
    write(line) {
      if (held === undefined) process.stdout.write(line);
      else held.push(line);
    },
    release,
    [Symbol.dispose]: release,
  };
}

async function welcome(router: Router, config: Config, mocks: MockedComposition): Promise<string> {
  const { supergraphs } = await router.inspect();
  const reasons = supergraphs.flatMap(({ serving, rejected }) =>
    serving === null ? [rejected?.reasons ?? []] : [],
  );
  const subgraphs = mocks
    .subgraphs()
    .map(({ name, url, isMocked }) => `  ${name.padEnd(12)} ${isMocked ? 'mock, from its schema' : url}`);
  const isDevelopment = config.mode === 'development';
  const hasSandbox = config.sandbox.enabled ?? isDevelopment;
  const hasConsole = config.console.enabled && isDevelopment;
  const heading = (line: string) => styleText('bold', line, { stream: process.stdout });
  return [
    '',
    ...(reasons.length === 0
      ? [heading('Tributary is ready.')]
      : [heading('The supergraph is not served yet:'), ...reasons.flat().map((reason) => `  ${reason}`)]),
    '',
    `  GraphQL      ${router.url}`,
    ...(hasConsole ? [`  Console      ${new URL('/', router.url).href}`] : []),
    ...(hasSandbox ? [`  Sandbox      ${new URL('/sandbox', router.url).href}`] : []),
    ...(subgraphs.length > 0 ? ['', heading('Subgraphs'), ...subgraphs] : []),
    '',
    'Changes of the supergraph, its schemas and router.yaml are applied. Ctrl-C stops.',
    '',
  ].join('\n');
}
