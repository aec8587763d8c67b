import { MisuseError } from '../command-spec.ts';

const DEFAULT_VARIANT = 'current';

/**
 * Returns the reference with its variant. A graph without one means `current`, as in rover.
 * @throws {MisuseError}
 */
export function parseGraphRef(text: string): string {
  const [, graph, variant = DEFAULT_VARIANT] = /^([\w-]+)(?:@([\w.-]+))?$/.exec(text) ?? [];
  if (graph === undefined)
    throw new MisuseError(`a graph and its variant are written GRAPH@VARIANT, not "${text}"`);
  return `${graph}@${variant}`;
}

/** Returns the graph of a reference with variant. */
export function graphOf(ref: string): string {
  return ref.split('@')[0] ?? ref;
}
