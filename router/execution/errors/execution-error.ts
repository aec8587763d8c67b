/** Response keys and list indices, from the root of the data. */
export type ResponsePath = readonly (string | number)[];

/** An error of the response. */
export type ExecutionError = {
  readonly message: string;
  readonly path: ResponsePath;
  readonly extensions: { readonly code: string; readonly service?: string; readonly [key: string]: unknown };
};

/** An error of the response without its path. */
export type ErrorText = Pick<ExecutionError, 'message' | 'extensions'>;

/** An error that the response lists if there is room for it. */
export type ErrorDraft = {
  readonly text: ErrorText;
  readonly path: ResponsePath;
  /** The path is known to be one of the response. */
  readonly isPlaced: boolean;
};
