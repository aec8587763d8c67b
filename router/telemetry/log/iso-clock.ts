/**
 * Creates the function that formats milliseconds since 1970 as ISO 8601. It formats the date only once per
 * second, because log lines of the same second differ only in the last digits.
 */
export function createIsoClock(): (ms: number) => string {
  let second = Number.NaN;
  let prefix = '';
  return (ms) => {
    const whole = Math.floor(ms / 1_000);
    if (whole !== second) {
      second = whole;
      prefix = new Date(whole * 1_000).toISOString().slice(0, -'000Z'.length);
    }
    const rest = Math.floor(ms) - whole * 1_000;
    return `${prefix}${rest < 10 ? '00' : rest < 100 ? '0' : ''}${rest}Z`;
  };
}
