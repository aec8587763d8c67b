import { fileURLToPath } from 'node:url';

// Keeps the gateway from reporting usage to its vendor; it reads the variable when it is imported.
process.env['APOLLO_TELEMETRY_DISABLED'] = 'true';

const { run } = await import('./process/run.ts');
await run(fileURLToPath(import.meta.url));
