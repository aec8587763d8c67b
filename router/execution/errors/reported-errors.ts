import type { ErrorDraft, ErrorText, ResponsePath } from './execution-error.ts';

/** An error that a subgraph has reported. */
export type ReportedError = ErrorDraft & {
  /** Errors with the same text are at the nulls below its path, so it is not listed itself. */
  isReplaced: boolean;
};

type Node = { readonly children: Map<string | number, Node>; readonly errors: ReportedError[] };

/** Reported errors by their response paths. */
export class ReportedErrors {
  /** In the order in which they were added. */
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
   * Finds out whether a reported error is the reason for the null at the path.
   *
   * @returns undefined if none is; else the errors that are needed at the null. That is none when an error is at the null or below
   * it. An error above it, where the response has a value, is needed at the null, and no longer above it.
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

/** All of them are at the first null, and one at each of the others. */
function replaced(errors: readonly ReportedError[]): readonly ErrorText[] {
  const needed = errors.filter((error, index) => index === 0 || !error.isReplaced);
  for (const error of needed) error.isReplaced = true;
  return needed.map(({ text }) => text);
}

function emptyNode(): Node {
  return { children: new Map(), errors: [] };
}
