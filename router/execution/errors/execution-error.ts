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

/** An error that may become part of the response. The number of listed errors is limited. */
export type ErrorDraft = {
  readonly text: ErrorText;
  readonly path: ResponsePath;
  /** True if the path is known to exist in the response. */
  readonly isPlaced: boolean;
};
