/**
 * A young generation large enough for what a few answers of 800 KB keep alive: with V8's own 32 MB these were copied again and
 * again, at 40 % of the CPU, with 64 MB at 20 % (bench/profile.md). An operator's own choice stands.
 */
export const V8_FLAGS: readonly string[] = ['--max-semi-space-size=64'];

const CHOSEN = /--(?:max|min)[-_]semi[-_]space[-_]size/;

/** V8 takes some flags only when it starts: has this process begin again with them, under the same process id. */
export function ensureV8Flags(): void {
  const given = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''];
  if (given.some((flag) => CHOSEN.test(flag))) return;
  // A channel to a parent would not come along; whoever opens one gives the flags. Windows has no execve.
  if (process.channel !== undefined || process.execve === undefined || process.platform === 'win32') return;
  const command = [process.execPath, ...V8_FLAGS, ...process.execArgv, ...process.argv.slice(1)];
  process.execve(process.execPath, command, process.env);
}
