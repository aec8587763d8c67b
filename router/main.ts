import { fileURLToPath } from 'node:url';
import { ensureV8Flags } from './v8-flags.ts';

// The gateway would report to its vendor otherwise.
process.env['APOLLO_TELEMETRY_DISABLED'] = 'true';

// Before the rest is loaded, which would otherwise be done twice.
ensureV8Flags();
const { run } = await import('./run.ts');
await run(fileURLToPath(import.meta.url));
