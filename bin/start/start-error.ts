/** A start that cannot succeed. The message is one sentence with the remedy, printed without a stack. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
