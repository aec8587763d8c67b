/** Marks keys whose values are secrets. The console shows `***` instead of them. */
export const SECRET = { 'x-secret': true };
