import { parseArgs } from 'node:util';
import { caseOf } from './cases.ts';
import { keepRegression } from './regressions.ts';
import { startTarget } from './target.ts';

/** `npm run fuzz -- --count 1000000 --seed anything`: what breaks a rule is kept in `regressions/`, where the test finds it. */
const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '10000' },
    seed: { type: 'string', default: String(Date.now()) },
  },
});
const count = Number(values.count);
console.log(`seed ${values.seed}, ${count} cases`);

await using target = await startTarget();
const begin = performance.now();
let violations = 0;
for (let index = 0; index < count; index += 1) {
  const next = caseOf(values.seed, index);
  const faults = await target.faultsOf(next);
  if (faults.length > 0) {
    violations += 1;
    console.log(`${keepRegression(next, faults)} (case ${index}): ${faults[0]}`);
  }
  if ((index + 1) % 10_000 === 0 || index + 1 === count) report(index + 1);
}
process.exitCode = violations === 0 ? 0 : 1;

function report(done: number): void {
  const rate = (done / (performance.now() - begin)) * 1000;
  console.log(`${done} cases, ${violations} violations, ${rate.toFixed(0)} per second, seed ${values.seed}`);
}
