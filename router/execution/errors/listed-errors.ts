import type { ErrorDraft, ErrorText, ExecutionError } from './execution-error.ts';
import type { ResponsePositions } from './response-positions.ts';

/** Maximum number of errors in a response. Further ones are counted in `extensions.omittedErrors`. */
export const MAX_LISTED_ERRORS = 500;

/** Errors of a response, and the number of errors beyond the maximum. */
export type ListedErrors = {
  readonly errors: readonly ExecutionError[];
  readonly omitted: number;
};

/**
 * Lists the errors in their order. If there are too many, each combination of subgraph and code gets an equal
 * share of the list.
 */
export function listErrors(drafts: readonly ErrorDraft[], positions: ResponsePositions): ListedErrors {
  const listed = drafts.length <= MAX_LISTED_ERRORS ? drafts : selected(drafts);
  return {
    errors: listed.map(({ text: { message, extensions }, path, isPlaced }) => ({
      message,
      path: isPlaced ? path : positions.existing(path),
      extensions,
    })),
    omitted: drafts.length - listed.length,
  };
}

function selected(drafts: readonly ErrorDraft[]): readonly ErrorDraft[] {
  // Caches the subgraph and code of each `ErrorText` object, because thousands of errors may share one
  // object.
  const kinds = new Map<ErrorText, string>();
  for (const { text } of drafts) if (!kinds.has(text)) kinds.set(text, kindOf(text));
  const share = Math.max(1, Math.floor(MAX_LISTED_ERRORS / new Set(kinds.values()).size));
  const chosen = new Set<ErrorDraft>();
  const counts = new Map<string | undefined, number>();
  for (const draft of drafts) {
    const kind = kinds.get(draft.text);
    const count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    if (count < share && chosen.size < MAX_LISTED_ERRORS) chosen.add(draft);
  }
  for (const draft of drafts) {
    if (chosen.size === MAX_LISTED_ERRORS) break;
    chosen.add(draft);
  }
  return drafts.filter((draft) => chosen.has(draft));
}

function kindOf({ extensions: { code, service } }: ErrorText): string {
  return `${code} ${service}`;
}
