import type { Provided } from './provide.ts';
import { findProgram, runProgram } from '../processes/run-program.ts';
import { until } from '../time/until.ts';

export type Container = {
  readonly image: string;
  readonly port: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly url: (port: number) => string;
  readonly isUp: (url: string) => Promise<boolean>;
};

/** Runs a server in a Docker engine, if one is available, on a free port of this machine. */
export async function startContainer(container: Container): Promise<Provided | { missing: string }> {
  const docker = findProgram(['docker']);
  if (docker === undefined) return { missing: 'there is no docker' };
  try {
    await runProgram(docker, ['info'], { timeoutMs: 5_000 });
  } catch {
    return { missing: 'no Docker engine responds' };
  }
  const settings = Object.entries(container.env ?? {}).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  const publish = ['-p', `127.0.0.1::${container.port}`];
  const id = (
    await runProgram(docker, ['run', '--rm', '-d', ...publish, ...settings, container.image])
  ).trim();
  const remove = async () => void (await runProgram(docker, ['rm', '-f', '-v', id]));
  const url = container.url(await publishedPort(docker, id, container.port));
  if (await until(() => container.isUp(url), 60_000)) {
    return { url, from: `Docker, ${container.image}`, [Symbol.asyncDispose]: remove };
  }
  await remove();
  return { missing: `${container.image} did not respond` };
}

async function publishedPort(docker: string, id: string, port: number): Promise<number> {
  const [address = ''] = (await runProgram(docker, ['port', id, `${port}/tcp`])).split('\n');
  return Number(address.slice(address.lastIndexOf(':') + 1));
}
