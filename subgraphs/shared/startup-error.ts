/** A start that cannot succeed: the message is one sentence that says what to do, shown without a stack. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
