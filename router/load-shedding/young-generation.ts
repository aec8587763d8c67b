const SIZE = /--max[-_]semi[-_]space[-_]size[= ](\d+)/;
const SEMI_SPACES = 3;
const MIB = 1_048_576;

/**
 * Returns how many bytes of V8's heap limit belong to the young generation, which consists of three
 * semi-spaces; 0 if no flag sets their size.
 */
export function youngBytes(): number {
  const [, mib = '0'] = SIZE.exec([...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ')) ?? [];
  return Number(mib) * SEMI_SPACES * MIB;
}
