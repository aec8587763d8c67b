import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { spawnSync } from 'node:child_process';

/** Returns the id of the process of this user that listens on a port; undefined if none is found. */
export function processOnPort(port: number): number | undefined {
  return process.platform === 'linux' ? fromProc(port) : fromLsof(port);
}

const LISTENING = '0A';

function fromProc(port: number): number | undefined {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const sockets = new Set(
    ['/proc/net/tcp', '/proc/net/tcp6']
      .flatMap((file) => attempt(() => readFileSync(file, 'utf8'))?.split('\n') ?? [])
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local = '', , state]) => local.endsWith(suffix) && state === LISTENING)
      .map((fields) => `socket:[${fields[9]}]`),
  );
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const owner = processes.find((pid) =>
    attempt(() => readdirSync(`/proc/${pid}/fd`))?.some((fd) =>
      sockets.has(attempt(() => readlinkSync(`/proc/${pid}/fd/${fd}`)) ?? ''),
    ),
  );
  return owner === undefined ? undefined : Number(owner);
}

/** Returns undefined if reading fails, as for a process of another user or one that has ended. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function fromLsof(port: number): number | undefined {
  const { stdout } = spawnSync('lsof', ['-t', `-iTCP:${port}`, '-sTCP:LISTEN'], { encoding: 'utf8' });
  const [pid = ''] = (stdout ?? '').trim().split('\n');
  return /^\d+$/.test(pid) ? Number(pid) : undefined;
}
