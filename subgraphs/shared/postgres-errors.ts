/** What went wrong in Postgres, by SQLSTATE or by the driver's network error; PGlite gives the same codes. */

export function isUniqueViolation(error: unknown): boolean {
  return codeOf(error) === '23505';
}

export function isForeignKeyViolation(error: unknown): boolean {
  return codeOf(error) === '23503';
}

/** Class 22: a value the client sent cannot be what the query takes it for, such as a NUL in a text. */
export function isDataException(error: unknown): boolean {
  return codeOf(error).startsWith('22');
}

/** The network, and the classes 08 (connection), 28 (login), 3D (no such database) and 57P (shutting down). */
export function isUnreachable(error: unknown): boolean {
  if (/^(ECONN|ENOTFOUND|EAI_|ETIMEDOUT|EPIPE|EHOSTUNREACH|08|28|3D|57P)/.test(codeOf(error))) return true;
  // The pool's own failures carry no code.
  return error instanceof Error && /timeout exceeded when|connection terminated/i.test(error.message);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
