import { expect, test } from 'vitest';
import { publicMessage } from '../../router/execution/errors/public-message.ts';

test.for<[message: string, expected: string]>([
  ['it failed\n    at f (/srv/app.js:1)\n    at g (/srv/app.js:2)', 'it failed'],
  ['it failed \r\n\n\tat f (/srv/app.js:1)', 'it failed'],
  ['line 1\n  line 2\n  at f (/srv/app.js:1)', 'line 1\n  line 2'],
  ['at noon\nat night', 'at noon\nat night'],
  ['see http://db.internal/x?y=1, or (amqp+ssl://mq:5672/q)', 'see (address) or ((address))'],
  ['-http://db.internal 1http://db.internal _http://db.internal', '(address) (address) _(address)'],
  ['10.0.0.1:5432, [::1]:80 and localhost:6379', '(address), (address) and (address)'],
])('stacks and addresses are removed: %s', ([message, expected]) => {
  expect(publicMessage(message)).toBe(expected);
});

/** Returns the milliseconds of the fastest of several runs. */
function fastest(message: string): number {
  const times = Array.from({ length: 10 }, () => {
    const begin = performance.now();
    for (let run = 0; run < 20; run += 1) publicMessage(message);
    return performance.now() - begin;
  });
  return Math.min(...times);
}

// Subgraphs quote in their messages what clients have sent. Each of these took over 250 times as long.
test.for(['\n', '\n ', 'a.', 'a-', '1.', 'a:', '['])(
  'a message that repeats %j takes about as long as another of its length',
  (unit) => {
    const ordinary = fastest('No product has the id 7f. '.repeat(100).slice(0, 2_000));
    expect(fastest(unit.repeat(2_000 / unit.length))).toBeLessThan(20 * ordinary);
  },
);
