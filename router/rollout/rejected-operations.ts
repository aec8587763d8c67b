import type { Operations } from '../operation/operations.ts';
import { RouterError } from '../shared/errors.ts';

/**
 * Detects operations that the supergraph of a canary rejects as invalid, although the supergraph of the other
 * callers accepts them.
 */
export type RejectedOperations = {
  /**
   * Returns whether an error is the canary's rejection of an operation that the supergraph of all other
   * callers accepts.
   */
  readonly includes: (error: unknown) => boolean;
  /**
   * Wraps the operations of a canary, so that each operation that it rejects is also checked against the
   * supergraph of all other callers.
   * @param baseline returns the operations of that supergraph; undefined if there is none to check against
   */
  readonly watch: (canary: Operations, baseline: () => Operations | undefined) => Operations;
};

/** Creates the detection of operations that only the canary rejects. */
export function createRejectedOperations(): RejectedOperations {
  const rejections = new WeakSet<Error>();

  // The error of a persisted operation that a contract rejects has the rejection as its cause.
  function includes(error: unknown): boolean {
    if (!(error instanceof Error)) return false;
    return rejections.has(error) || (error.cause instanceof Error && rejections.has(error.cause));
  }

  async function check(
    error: unknown,
    isAccepted: (baseline: Operations) => Promise<unknown>,
    baseline: Operations | undefined,
  ): Promise<void> {
    const isInvalid = error instanceof RouterError && error.code === 'GRAPHQL_VALIDATION_FAILED';
    if (!isInvalid || baseline === undefined) return;
    await isAccepted(baseline).then(
      () => rejections.add(error),
      () => undefined,
    );
  }

  return {
    includes,
    watch: (canary, baseline) => ({
      ...canary,
      async prepare(source, name) {
        try {
          return await canary.prepare(source, name);
        } catch (error) {
          await check(error, (operations) => operations.prepare(source, name), baseline());
          throw error;
        }
      },
    }),
  };
}
