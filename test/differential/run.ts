import { parseArgs } from 'node:util';
import { cases, faultsOf } from './cases.ts';
import { keepRegression } from './regressions.ts';
import { shrink } from './shrink.ts';

/**
 * The differential test at length: `node test/differential/run.ts --count 1000000 --seed anything`. What is answered wrong is
 * made smaller and kept in `regressions/`, where the test finds it.
 */
const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: String(Date.now()) },
  },
});
const count = Number(values.count);
const begin = performance.now();
let done = 0;
let wrong = 0;

console.log(`seed ${values.seed}, ${count} cases`);
for (const { graph, case: next } of cases(values.seed, 400)) {
  if (done >= count) break;
  done += 1;
  const faults = await faultsOf(graph, next);
  if (faults.length > 0) {
    wrong += 1;
    const smallest = await shrink(
      graph,
      next,
      async (smaller) => (await faultsOf(graph, smaller)).length > 0,
    );
    const name = keepRegression(smallest, await faultsOf(graph, smallest));
    console.log(`${name}: ${faults[0]}\n${smallest.operation.document}`);
  }
  if (done % 1000 === 0 || done === count) {
    const perSecond = (done / (performance.now() - begin)) * 1000;
    console.log(`${done} cases, ${wrong} wrong, ${perSecond.toFixed(0)} per second`);
  }
}
process.exitCode = wrong === 0 ? 0 : 1;
