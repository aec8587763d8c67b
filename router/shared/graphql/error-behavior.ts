/**
 * Effect of an error on the data of the response (GraphQL specification draft, "Error behaviors"): `NULL`
 * makes only the failed position null, `PROPAGATE` its nearest nullable parent, `HALT` the whole data.
 */
export type ErrorBehavior = (typeof ERROR_BEHAVIORS)[number];

export const ERROR_BEHAVIORS = ['NULL', 'PROPAGATE', 'HALT'] as const;
