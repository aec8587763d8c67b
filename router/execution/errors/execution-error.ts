/** Response keys and list indices, starting at the root of the data. */
export type ResponsePath = readonly (string | number)[];

/** An error of the response. */
export type ExecutionError = {
  readonly message: string;
  readonly path: ResponsePath;
  readonly extensions: { readonly code: string; readonly service?: string; readonly [key: string]: unknown };
};

/** An error of the response without its path. */
export type ErrorText = Pick<ExecutionError, 'message' | 'extensions'>;

/** A candidate for the `errors` of the response. It is left out if there are more errors than the maximum. */
export type ErrorDraft = {
  readonly text: ErrorText;
  readonly path: ResponsePath;
  /**
   * True if the path is known to exist in the response. Any other path is shortened to the part that exists.
   */
  readonly isPlaced: boolean;
};
