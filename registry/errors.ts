import { GraphQLError } from 'graphql';

/** Codes of errors that clients of the registry receive, with the status of an HTTP response without data. */
export const ERROR_STATUS = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  BAD_USER_INPUT: 400,
  CONFLICT: 409,
  TOO_LARGE: 413,
  UNAVAILABLE: 503,
} as const;

export type RegistryErrorCode = keyof typeof ERROR_STATUS;

/** An error whose message is written for the client. */
export class RegistryError extends GraphQLError {
  readonly code: RegistryErrorCode;

  constructor(code: RegistryErrorCode, message: string, cause?: unknown) {
    super(message, {
      extensions: { code },
      ...(cause instanceof Error && { originalError: cause }),
    });
    this.code = code;
  }
}
