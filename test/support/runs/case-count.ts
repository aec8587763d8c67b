/** Returns the number of cases of a repeated test: `usual`, or `thorough` with `npm test -- --thorough`. */
export function caseCount(usual: number, thorough: number): number {
  return process.env['THOROUGH'] === '1' ? thorough : usual;
}
