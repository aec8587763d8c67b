/**
 * A young generation large enough for what a few answers of 800 KB keep alive: with V8's own 32 MB these were copied again and
 * again, at 40 % of the CPU, with 64 MB at 20 % (bench/profile.md). An operator's own choice stands.
 */
export const V8_FLAGS: readonly string[] = ['--max-semi-space-size=64'];

const CHOSEN = /--(?:max|min)[-_]semi[-_]space[-_]size/;

const SIZE = /--max[-_]semi[-_]space[-_]size[= ](\d+)/;
const SEMI_SPACES = 3;
const MIB = 1_048_576;

/** What V8's limit of the heap has for the young generation: three semi-spaces; 0 when their size was not given. */
export function youngBytes(): number {
  const [, mib = '0'] = SIZE.exec(givenFlags().join(' ')) ?? [];
  return Number(mib) * SEMI_SPACES * MIB;
}

/** V8 takes some flags only when it starts: has this process begin again with them, under the same process id. */
export function ensureV8Flags(): void {
  if (givenFlags().some((flag) => CHOSEN.test(flag))) return;
  // A channel to a parent would not come along; whoever opens one gives the flags. Windows has no execve.
  if (process.channel !== undefined || process.execve === undefined || process.platform === 'win32') return;
  const command = [process.execPath, ...V8_FLAGS, ...process.execArgv, ...process.argv.slice(1)];
  process.execve(process.execPath, command, process.env);
}

function givenFlags(): readonly string[] {
  return [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''];
}
