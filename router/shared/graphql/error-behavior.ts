/**
 * Effect of an error on the surrounding response (GraphQL specification draft, "Error behaviors"): `NULL`
 * sets only the failed position to null, `PROPAGATE` the nearest nullable parent, `HALT` the whole response.
 */
export type ErrorBehavior = (typeof ERROR_BEHAVIORS)[number];

export const ERROR_BEHAVIORS = ['NULL', 'PROPAGATE', 'HALT'] as const;
