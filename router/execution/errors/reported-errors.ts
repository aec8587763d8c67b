import type { ErrorDraft, ErrorText, ResponsePath } from './execution-error.ts';

/** An error that a subgraph reported. */
export type ReportedError = ErrorDraft & {
  /**
   * True if errors with the same text are listed at the nulls below its path, so that it is not listed
   * itself.
   */
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
   * Returns whether a reported error explains the null at a path.
   *
   * @returns undefined if no error explains the null. Otherwise the errors to list at the null: none if an
   * error is at the null or below it. An error above the null, where the response has a value, is listed at
   * the null instead of above it.
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

/** Returns all errors for the first null, and one of them for each further null. */
function replaced(errors: readonly ReportedError[]): readonly ErrorText[] {
  const needed = errors.filter((error, index) => index === 0 || !error.isReplaced);
  for (const error of needed) error.isReplaced = true;
  return needed.map(({ text }) => text);
}

function emptyNode(): Node {
  return { children: new Map(), errors: [] };
}
