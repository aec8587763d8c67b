import type { ErrorDraft, ErrorText, ResponsePath } from './execution-error.ts';

/** An error that a subgraph reported. */
export type ReportedError = ErrorDraft & {
  /** True if the error is listed at nulls below its own path, and therefore not at that path. */
  isReplaced: boolean;
};

type Node = { readonly children: Map<string | number, Node>; readonly errors: ReportedError[] };

/** Reported errors by their response paths. */
export class ReportedErrors {
  /** All errors in the order in which they were added. */
  readonly all: ReportedError[] = [];
  readonly #root = emptyNode();

  add(text: ErrorText, path: ResponsePath): ReportedError {
    const error = { text, path, isPlaced: false, isReplaced: false };
    this.all.push(error);
    let node = this.#root;
    for (const element of path) {
      let next = node.children.get(element);
      if (next === undefined) node.children.set(element, (next = emptyNode()));
      node = next;
    }
    node.errors.push(error);
    return error;
  }

  /**
   * Returns the reported errors to list at a null:
   * - undefined if no reported error explains the null
   * - an empty list if a reported error is at the null or below it, because it is listed at its own path
   * - the errors above the null otherwise. The response has a value at their own path, so they are listed at
   *   the null instead.
   */
  errorsFor(path: ResponsePath): readonly ErrorText[] | undefined {
    if (this.all.length === 0) return undefined;
    let node: Node | undefined = this.#root;
    let above: readonly ReportedError[] | undefined;
    for (const element of path) {
      if (node.errors.length > 0) above = node.errors;
      node = node.children.get(element);
      if (node === undefined) return above && replaced(above);
    }
    return [];
  }
}

/**
 * Returns those of the given errors that are listed at a null, and marks them as replaced. The errors were
 * reported for a position above the null. The first null gets all of them; each further null gets one, so
 * that it has an explanation.
 */
function replaced(errors: readonly ReportedError[]): readonly ErrorText[] {
  const needed = errors.filter((error, index) => index === 0 || !error.isReplaced);
  for (const error of needed) error.isReplaced = true;
  return needed.map(({ text }) => text);
}

function emptyNode(): Node {
  return { children: new Map(), errors: [] };
}
