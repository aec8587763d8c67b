/**
 * What an error does to the answer around it (GraphQL specification draft, "Error behaviors"): leaves null at its own position,
 * travels to the next position that may be null, or ends the request.
 */
export type ErrorBehavior = (typeof ERROR_BEHAVIORS)[number];

export const ERROR_BEHAVIORS = ['NULL', 'PROPAGATE', 'HALT'] as const;
