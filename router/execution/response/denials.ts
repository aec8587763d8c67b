/**
 * The parts of an operation that the caller is not authorized to see: they were not fetched, and null
 * replaces them.
 */
export type Denials = {
  /**
   * Returns whether the caller may not see a field. `typeName` is the object type that has the field, or an
   * interface if the response does not say which object type it is.
   */
  readonly field: (typeName: string, fieldName: string) => boolean;
  /** Returns whether the caller may not see any value of the type. */
  readonly type: (typeName: string) => boolean;
};
