/** Metadata that marks a key of the configuration as secret. The console shows `***` instead of its value. */
export const SECRET = { 'x-secret': true };
