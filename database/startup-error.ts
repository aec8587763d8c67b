/** A start that cannot succeed. The message is one sentence with the remedy, printed without a stack. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
