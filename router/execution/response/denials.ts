/** What is not answered to who asks: it was not fetched, and null stands in its place. */
export type Denials = {
  /** Of an object type, or of an interface where nobody has said which object type a value has. */
  readonly field: (typeName: string, fieldName: string) => boolean;
  /** Every value that turns out to have the type. */
  readonly type: (typeName: string) => boolean;
};
