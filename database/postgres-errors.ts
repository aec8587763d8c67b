/** Classifies errors of Postgres by SQLSTATE or by the driver's network error; PGlite has the same codes. */

export function isUniqueViolation(error: unknown): boolean {
  return codeOf(error) === '23505';
}

export function isForeignKeyViolation(error: unknown): boolean {
  return codeOf(error) === '23503';
}

/** Class 22: a value of the client is invalid for its type, such as a NUL in a text. */
export function isDataException(error: unknown): boolean {
  return codeOf(error).startsWith('22');
}

/**
 * Network errors, and the classes 08 (connection), 28 (login), 3D (no such database) and 57P (shutting down).
 */
export function isUnreachable(error: unknown): boolean {
  if (/^(ECONN|ENOTFOUND|EAI_|ETIMEDOUT|EPIPE|EHOSTUNREACH|08|28|3D|57P)/.test(codeOf(error))) return true;
  // Errors of the pool itself have no code.
  return error instanceof Error && /timeout exceeded when|connection terminated/i.test(error.message);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
