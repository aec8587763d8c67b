/** Returns the number in a label `percent(n)` of a progressive `@override`; undefined for any other label. */
export function percentOf(label: string): number | undefined {
  const digits = /^percent\((\d{1,2}(?:\.\d{1,8})?|100)\)$/.exec(label)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
