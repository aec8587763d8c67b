/** A start that cannot succeed: the message is one sentence that says what to do, shown without a stack. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
