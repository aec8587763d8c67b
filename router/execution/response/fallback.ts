/** The JSON text that stands in the place of a field whose service has failed, where one is configured. */
export type FallbackOf = (typeName: string, fieldName: string) => string | undefined;
