/**
 * Number of requests that one version has served (`of`), and how many of them have a property such as an
 * error (`count`).
 */
export type Share = { readonly count: number; readonly of: number };

/**
 * Returns the probability that chance alone makes the canary's count as high as it is, or higher (Fisher's
 * one-sided exact test). Unlike a test based on the normal distribution, it is valid for small counts, such
 * as those of errors.
 */
export function fisherTest(canary: Share, baseline: Share): number {
  const marked = canary.count + baseline.count;
  const all = canary.of + baseline.of;
  const most = Math.min(marked, canary.of);
  // The loop adds up the probabilities of the canary's count and of all higher counts. Each follows from the
  // previous one, so only the first is computed from factorials.
  let term = Math.exp(
    logBinomial(canary.of, canary.count) +
      logBinomial(baseline.of, baseline.count) -
      logBinomial(all, marked),
  );
  let sum = 0;
  for (let count = canary.count; count <= most; count += 1) {
    sum += term;
    const others = marked - count;
    term *= ((canary.of - count) * others) / ((count + 1) * (baseline.of - others + 1));
    // Beyond the most likely count, each probability is lower than the previous one. The loop ends at a
    // probability that is negligible, because all that follow are negligible too.
    if (term < sum * 1e-12 && count > (canary.of * marked) / all) break;
  }
  return Math.min(sum, 1);
}

function logBinomial(from: number, chosen: number): number {
  return logFactorial(from) - logFactorial(chosen) - logFactorial(from - chosen);
}

/** Returns the natural logarithm of n!, for large n by Stirling's series. */
function logFactorial(n: number): number {
  if (n < 20) return Math.log(SMALL_FACTORIALS[n] ?? 1);
  return n * Math.log(n) - n + Math.log(2 * Math.PI * n) / 2 + 1 / (12 * n) - 1 / (360 * n ** 3);
}

const SMALL_FACTORIALS: readonly number[] = Array.from({ length: 20 }).reduce<number[]>(
  (known) => [...known, known.length === 0 ? 1 : (known.at(-1) ?? 1) * known.length],
  [],
);
