import { expect, test } from 'vitest';
import { configSchema } from '../../router/config/config-schema.ts';
import { createCallerBuckets } from '../../router/rate-limit/caller-buckets.ts';
import { ANONYMOUS } from '../../router/request/identity.ts';
import { recordMeasurement } from '../support/runs/measurement.ts';

test('20 hostile values of a limited argument take less than 5 ms of CPU', (context) => {
  const { rateLimit } = configSchema.parse({
    rateLimit: { fields: { 'Mutation.login': { calls: 9, per: 'argument:email' } } },
  });
  const debitsOf = createCallerBuckets(rateLimit);
  const runs = ['\u0315\u0316', '\u0345\u0316', '\uff9e\u0334'].map((pair) => {
    const emails = Array.from({ length: 20 }, (_, index) => `${index}${pair.repeat(512)}`);
    const calls = [{ coordinate: 'Mutation.login', calls: 20, values: new Map([['email', emails]]) }];
    const request = { identity: ANONYMOUS, address: '127.0.0.1', cost: 1, calls };
    debitsOf(request);
    const before = process.threadCpuUsage();
    expect(debitsOf(request).calls).toHaveLength(20);
    const { user, system } = process.threadCpuUsage(before);
    return (user + system) / 1000;
  });
  recordMeasurement(context, 'CPU for 20 values of 1,024 combining marks, ms', Math.max(...runs).toFixed(2));
  expect(Math.max(...runs)).toBeLessThan(5);
});
