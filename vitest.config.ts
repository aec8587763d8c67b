import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Real servers, embedded databases and composition start within a test: seconds, on two busy cores. By default,
// `expect.poll` waits for a second, which a busy machine may need for anything.
const patience = { testTimeout: 120_000, hookTimeout: 240_000, expect: { poll: { timeout: 30_000 } } };

// Each of these needs a core for its load and one for its routers, or counts what a busy machine delays.
const alone = [
  'test/chaos/chaos.test.ts',
  'test/failure/rate-limit-flood.test.ts',
  'test/failure/client-slow-*.test.ts',
  'test/failure/overload-*.test.ts',
  'test/failure/redis-*.test.ts',
  'test/failure/subgraph-recovery.test.ts',
  'test/failure/subgraph-hang-neighbours.test.ts',
  'test/failure/subgraphs-all-down.test.ts',
];

// oxlint-disable-next-line import/no-default-export -- vitest reads the default export
export default defineConfig({
  // The module that Node itself loads: beside the bundlers' one, schemas of Apollo's packages would be of another realm.
  resolve: { alias: [{ find: /^graphql$/, replacement: fileURLToPath(import.meta.resolve('graphql')) }] },
  test: {
    pool: 'forks',
    maxWorkers: 2,
    ...patience,
    projects: [
      {
        extends: true,
        test: {
          name: 'behaviour',
          include: ['test/**/*.test.ts'],
          exclude: ['test/timing/**', ...alone],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: alone,
          fileParallelism: false,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'timing',
          // These assert durations and rates, which depend on the machine: `npm run timing`, on an idle one.
          include: ['test/timing/**/*.test.ts'],
          fileParallelism: false,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
