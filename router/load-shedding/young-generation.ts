const SIZE = /--max[-_]semi[-_]space[-_]size[= ](\d+)/;
const SEMI_SPACES = 3;
const MIB = 1_048_576;

/**
 * Returns the size in bytes of V8's young generation (three semi-spaces), which is a part of V8's heap limit;
 * 0 if no flag sets the size.
 */
export function youngBytes(): number {
  const [, mib = '0'] = SIZE.exec([...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ')) ?? [];
  return Number(mib) * SEMI_SPACES * MIB;
}
