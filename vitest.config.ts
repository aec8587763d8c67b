import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Real servers, embedded databases and composition start within a test: seconds, on two busy cores.
const patience = { testTimeout: 60_000, hookTimeout: 120_000 };

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
          exclude: ['test/failure/**', 'test/timing/**', 'test/chaos/chaos.test.ts'],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'failure',
          // Each of these takes a core for its load and one for the router, so nothing else runs beside them.
          include: ['test/failure/**/*.test.ts', 'test/chaos/chaos.test.ts'],
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
