/**
 * V8 flags of the router's process. V8 reads them at its start only, so whatever starts the router sets them: the npm scripts
 * and the image. The young generation must hold what a few responses of 800 KB keep alive: with V8's default of 32 MB they are
 * copied repeatedly, which costs 40 % of the CPU, with 64 MB 20 % (bench/profile.md).
 */
export const V8_FLAGS: readonly string[] = ['--max-semi-space-size=64'];

const SIZE = /--max[-_]semi[-_]space[-_]size[= ](\d+)/;
const SEMI_SPACES = 3;
const MIB = 1_048_576;

/** Bytes of V8's heap limit that belong to the young generation: three semi-spaces; 0 if no flag sets their size. */
export function youngBytes(): number {
  const [, mib = '0'] = SIZE.exec([...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ')) ?? [];
  return Number(mib) * SEMI_SPACES * MIB;
}
