/** Returns the JSON text that replaces a field whose subgraph failed; undefined if none is configured. */
export type FallbackOf = (typeName: string, fieldName: string) => string | undefined;
