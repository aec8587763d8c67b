import { ConfigError } from '../config/yaml/read-yaml.ts';
import { messageOf } from '../shared/error-message.ts';

/** Thrown for a supergraph that this router cannot serve. */
export class SupergraphRejected extends Error {
  readonly reasons: readonly string[];

  constructor(reasons: readonly string[]) {
    super(reasons.join('\n'));
    this.name = 'SupergraphRejected';
    this.reasons = reasons;
  }
}

/** Returns the reasons why a supergraph could not be loaded or accepted, one line each. */
export function rejectionReasons(error: unknown): readonly string[] {
  if (error instanceof SupergraphRejected) return error.reasons;
  return error instanceof ConfigError ? error.problems : [messageOf(error)];
}
