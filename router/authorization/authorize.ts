import { ERRORS, RouterError } from '../shared/errors.ts';
import type { DeniedField, Guard, Restriction } from './guard.ts';
import type { Subject } from './requirement.ts';

/** What is done when somebody asks for what is not theirs: leave it out, refuse the operation, or only tell. */
export type AuthorizationMode = 'filter' | 'reject' | 'dry-run';

/** What somebody would not have been given, as an answer tells it. */
export type AuthorizationError = {
  readonly message: string;
  readonly path: readonly string[];
  readonly extensions: { readonly code: DenialCode };
};

/** Callers without a token learn that they need one, others that theirs does not suffice. */
export type DenialCode = 'UNAUTHENTICATED' | 'UNAUTHORIZED_FIELD_OR_TYPE';

export function denialCodeOf({ kind }: Subject): DenialCode {
  return kind === 'anonymous' ? 'UNAUTHENTICATED' : 'UNAUTHORIZED_FIELD_OR_TYPE';
}

export type CallOutcome = {
  /** What has to be left out. */
  readonly restriction: Restriction | undefined;
  /** What would have been left out, when nothing is. */
  readonly wouldDeny: readonly AuthorizationError[];
};

const ALLOWED: CallOutcome = { restriction: undefined, wouldDeny: [] };

export type AuthorizationRequest = {
  readonly guard: Guard | undefined;
  readonly subject: Subject;
  readonly inputs: Readonly<Record<string, unknown>>;
};

/** @throws {RouterError} UNAUTHENTICATED or UNAUTHORIZED_FIELD_OR_TYPE in the mode `reject` */
export function authorize(
  mode: AuthorizationMode,
  { guard, subject, inputs }: AuthorizationRequest,
): CallOutcome {
  const restriction = guard?.restrictionFor(subject);
  if (restriction === undefined) return ALLOWED;
  switch (mode) {
    case 'filter':
      return { restriction, wouldDeny: [] };
    case 'reject': {
      const denied = restriction.deniedFields(inputs);
      // What is denied may all be excluded by the variables: then there is nothing to refuse.
      if (denied.length === 0) return { restriction, wouldDeny: [] };
      throw new RouterError(denialCodeOf(subject), refusalMessage(denied));
    }
    case 'dry-run':
      return {
        restriction: undefined,
        wouldDeny: restriction.deniedFields(inputs).map((field) => toError(field, denialCodeOf(subject))),
      };
  }
}

const MOST_NAMED = 5;

function refusalMessage(denied: readonly DeniedField[]): string {
  const named = denied.slice(0, MOST_NAMED).map(({ path }) => path.join('.'));
  const more = denied.length > MOST_NAMED ? ', and more' : '';
  return `the operation asks for what the request is not authorized for: ${named.join(', ')}${more}`;
}

function toError({ path }: DeniedField, code: DenialCode): AuthorizationError {
  return { message: ERRORS[code].meaning, path, extensions: { code } };
}
