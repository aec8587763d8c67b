import { once } from 'node:events';
import { createServer } from 'node:net';
import { StartError } from './start-error.ts';

export type Place = {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly portSetting: string;
};

/** @throws {StartError} that names every port in use, its user if known, and the remedy */
export async function assertPortsFree(places: readonly Place[]): Promise<void> {
  const duplicate = places.find(
    ({ port }, index) => port !== 0 && places.findIndex((other) => other.port === port) < index,
  );
  if (duplicate !== undefined) {
    throw new StartError(`Port ${duplicate.port} is given to two services: change ${duplicate.portSetting}.`);
  }
  const states = await Promise.all(places.map(async (place) => ({ place, free: await isFree(place) })));
  const taken = states.filter(({ free }) => !free).map(({ place }) => place);
  const [first] = taken;
  if (first === undefined) return;
  throw new StartError(await describe(first, taken));
}

async function isFree({ host, port }: Place): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ port, host, exclusive: true });
    await once(server, 'listening');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EADDRINUSE') return false;
    throw new StartError(`Cannot listen on ${host}:${port} (${String(code)}).`, { cause: error });
  }
  server.close();
  await once(server, 'close');
  return true;
}

async function describe(first: Place, taken: readonly Place[]): Promise<string> {
  const ports = taken.map(({ port, name }) => `${port} (${name})`).join(', ');
  const subject = taken.length === 1 ? `Port ${ports} is taken` : `The ports ${ports} are taken`;
  if (await looksLikeTributary(first)) {
    return `${subject}, it seems by a Tributary that is still running: stop that one with Ctrl-C in its terminal.`;
  }
  return `${subject} by another program: find it with "lsof -i :${first.port}" and stop it, or choose another port (${first.portSetting}).`;
}

async function looksLikeTributary({ host, port }: Place): Promise<boolean> {
  try {
    const response = await fetch(`http://${host}:${port}/health/live`, {
      signal: AbortSignal.timeout(3_000),
    });
    const body: unknown = await response.json();
    return typeof body === 'object' && body !== null && 'status' in body && body.status === 'UP';
  } catch {
    return false;
  }
}
