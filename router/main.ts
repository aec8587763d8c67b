import { fileURLToPath } from 'node:url';

// Disables the usage reports of Apollo Gateway, which reads the variable when it is imported.
process.env['APOLLO_TELEMETRY_DISABLED'] = 'true';

const { run } = await import('./process/run.ts');
await run(fileURLToPath(import.meta.url));
