import { parseArgs } from 'node:util';
import { awaitInterruption } from '../support/interruption.ts';
import { caseOf } from './cases.ts';
import { keepRegression } from './regressions.ts';
import { startTarget } from './target.ts';
import type { Target } from './target.ts';

// One waits for half a request, or for a plan, while another works.
const TARGETS = 4;

/** `npm run fuzz -- --count 1000000 --seed anything`: what breaks a rule is kept in `regressions/`, where the test finds it. */
const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '10000' },
    seed: { type: 'string', default: String(Date.now()) },
  },
});
const count = Number(values.count);
const { stop, exitCode } = awaitInterruption();
console.log(`seed ${values.seed}, ${count} cases`);

await using targets = new AsyncDisposableStack();
const begin = performance.now();
const kinds = new Map<string, number>();
let [next, done, violations] = [0, 0, 0];
const lanes = Array.from({ length: TARGETS }, async () => shoot(targets.use(await startTarget())));
await Promise.all(lanes);
for (const kind of [...kinds.keys()].toSorted())
  console.log(`${String(kinds.get(kind)).padStart(9)}  ${kind}`);
report();
process.exitCode = violations > 0 ? 1 : (exitCode() ?? 0);

async function shoot(target: Target): Promise<void> {
  while (next < count && !stop.aborted) {
    const index = next;
    next += 1;
    const shot = caseOf(values.seed, index);
    const { kind, faults } = await target.judge(shot);
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    done += 1;
    if (faults.length > 0) {
      violations += 1;
      console.log(`${keepRegression(shot, faults)} (case ${index}): ${faults[0]}`);
    }
    if (done % 10_000 === 0) report();
  }
}

function report(): void {
  const rate = (done / (performance.now() - begin)) * 1000;
  console.log(`${done} cases, ${violations} violations, ${rate.toFixed(0)} per second, seed ${values.seed}`);
}
