import type { Operations } from '../operation/operations.ts';
import { RouterError } from '../shared/errors.ts';

/**
 * Detects operations that the supergraph of a canary rejects as invalid, although the supergraph that serves
 * the other callers (the baseline) accepts them.
 */
export type RejectedOperations = {
  /** Returns whether an error means that the canary rejected an operation that the baseline accepts. */
  readonly includes: (error: unknown) => boolean;
  /**
   * Wraps the operations of a canary. An operation that the canary rejects is also checked against the
   * baseline.
   * @param baseline returns the operations of the baseline; undefined if there are none
   */
  readonly watch: (canary: Operations, baseline: () => Operations | undefined) => Operations;
};

/** Creates the detection of operations that only the canary rejects. */
export function createRejectedOperations(): RejectedOperations {
  const rejections = new WeakSet<Error>();

  // If an operation that was sent by id is invalid for a contract (configured part of the graph), the client
  // receives an error for an unknown id. The canary's rejection is the `cause` of that error.
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
