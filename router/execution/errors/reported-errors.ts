import type { ErrorDraft, ErrorText, ResponsePath } from './execution-error.ts';

/** An error that a subgraph reported. */
export type ReportedError = ErrorDraft & {
  /**
   * True if the response lists the error at nulls below the path that the subgraph reported. The error is
   * then not listed at the reported path, because the value there is not null.
   */
  isReplaced: boolean;
};

type Node = { readonly children: Map<string | number, Node>; readonly errors: ReportedError[] };

/** Errors that subgraphs reported, by their response paths. */
export class ReportedErrors {
  /** All errors in the order in which they were added. */
  readonly all: ReportedError[] = [];
  #root: Node | undefined;

  add(text: ErrorText, path: ResponsePath): ReportedError {
    const error = { text, path, isPlaced: false, isReplaced: false };
    this.all.push(error);
    this.#root ??= emptyNode();
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
   * Returns the subgraph errors to list at the path of a null:
   * - undefined if no subgraph has reported an error for this path
   * - an empty list if there is an error at the path or below it: that error is listed at its own path
   * - otherwise the errors reported at a path above: for example, an error at `product` for a null at
   *   `product.price`
   */
  errorsFor(path: ResponsePath): readonly ErrorText[] | undefined {
    let node: Node | undefined = this.#root;
    if (node === undefined) return undefined;
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
 * Returns the errors to list at a null below the path that the subgraph reported, and marks them as replaced.
 * The first such null gets all errors. Each further null gets only the first error, so that the response does
 * not repeat all errors for each null.
 */
function replaced(errors: readonly ReportedError[]): readonly ErrorText[] {
  const needed = errors.filter((error, index) => index === 0 || !error.isReplaced);
  for (const error of needed) error.isReplaced = true;
  return needed.map(({ text }) => text);
}

function emptyNode(): Node {
  return { children: new Map(), errors: [] };
}
