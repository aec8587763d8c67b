import { configureGlobal } from 'fast-check';

// The values of each run are the same, so that no run fails by chance. `npm test -- --thorough` draws others.
if (process.env['THOROUGH'] !== '1') configureGlobal({ seed: 20_261 });

export * from 'fast-check';
