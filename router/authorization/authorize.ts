import { ERRORS, RouterError } from '../shared/errors.ts';
import type { DeniedField, Guard, Restriction } from './guard.ts';
import type { Subject } from './requirement.ts';

/**
 * Treatment of selections that the caller is not authorized for: `filter` removes them, `reject` rejects the
 * operation, `dry-run` only reports them.
 */
export type AuthorizationMode = 'filter' | 'reject' | 'dry-run';

/** A selection that the caller is not authorized to see, as the response reports it. */
export type AuthorizationError = {
  readonly message: string;
  readonly path: readonly string[];
  readonly extensions: { readonly code: DenialCode };
};

/**
 * Error code of a denied selection: UNAUTHENTICATED if the caller has no token, otherwise
 * UNAUTHORIZED_FIELD_OR_TYPE.
 */
export type DenialCode = 'UNAUTHENTICATED' | 'UNAUTHORIZED_FIELD_OR_TYPE';

/** Returns the error code of selections that are denied to a caller. */
export function denialCodeOf({ kind }: Subject): DenialCode {
  return kind === 'anonymous' ? 'UNAUTHENTICATED' : 'UNAUTHORIZED_FIELD_OR_TYPE';
}

/** Result of checking an operation: selections that the caller may not see. */
export type AuthorizationResult = {
  /** Selections to remove from the operation; undefined if there are none or the mode is `dry-run`. */
  readonly restriction: Restriction | undefined;
  /** In the mode `dry-run`: selections that the mode `filter` would remove. */
  readonly wouldDeny: readonly AuthorizationError[];
};

const ALLOWED: AuthorizationResult = { restriction: undefined, wouldDeny: [] };

export type AuthorizationRequest = {
  readonly guard: Guard | undefined;
  readonly subject: Subject;
  readonly inputs: Readonly<Record<string, unknown>>;
};

/**
 * Returns the selections that the caller may not see, to remove (`filter`) or only report (`dry-run`) them.
 * @throws {RouterError} UNAUTHENTICATED or UNAUTHORIZED_FIELD_OR_TYPE if there are any in the mode `reject`
 */
export function authorize(
  mode: AuthorizationMode,
  { guard, subject, inputs }: AuthorizationRequest,
): AuthorizationResult {
  const restriction = guard?.restrictionFor(subject);
  if (restriction === undefined) return ALLOWED;
  switch (mode) {
    case 'filter':
      return { restriction, wouldDeny: [] };
    case 'reject': {
      const denied = restriction.deniedFields(inputs);
      // If `@skip` or `@include` excludes every denied selection, the operation is accepted even in the mode
      // `reject`.
      if (denied.length === 0) return { restriction, wouldDeny: [] };
      throw new RouterError(denialCodeOf(subject), rejectionMessage(denied));
    }
    case 'dry-run':
      return {
        restriction: undefined,
        wouldDeny: restriction.deniedFields(inputs).map((field) => toError(field, denialCodeOf(subject))),
      };
  }
}

const MOST_NAMED = 5;

function rejectionMessage(denied: readonly DeniedField[]): string {
  const named = denied.slice(0, MOST_NAMED).map(({ path }) => path.join('.'));
  const more = denied.length > MOST_NAMED ? ', and more' : '';
  return `the request is not authorized for these selections: ${named.join(', ')}${more}`;
}

function toError({ path }: DeniedField, code: DenialCode): AuthorizationError {
  return { message: ERRORS[code].meaning, path, extensions: { code } };
}
