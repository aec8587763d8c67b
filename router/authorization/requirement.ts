/**
 * The caller whose access is checked. An anonymous caller, which has sent no token, satisfies no requirement.
 */
export type Subject =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'user'; readonly roles: readonly string[]; readonly scopes: readonly string[] };

/**
 * Alternatives, of which a caller must satisfy one. An alternative is a list of names, all of which the
 * caller needs: `[["a", "b"], ["c"]]` means a and b, or c (as in `@requiresScopes`, `@policy`).
 */
export type Alternatives = readonly (readonly string[])[];

/**
 * Authorization requirement of a type or field: authentication, scopes and policies. The caller must satisfy
 * each part.
 */
export type Requirement = {
  readonly authenticated: boolean;
  readonly scopes: readonly Alternatives[];
  readonly policies: readonly Alternatives[];
};

/**
 * A policy of the configuration: the scopes, all of which the user needs, and the roles, of which the user
 * needs one.
 */
export type Policy = {
  readonly roles?: readonly string[] | undefined;
  readonly scopes?: readonly string[] | undefined;
};

/** Returns whether a caller satisfies a requirement. */
export type PolicyEvaluator = (requirement: Requirement, subject: Subject) => boolean;

/**
 * Creates the function that evaluates requirements. A policy that is not in the configuration is never
 * satisfied.
 */
export function createPolicyEvaluator(policies: Readonly<Record<string, Policy>>): PolicyEvaluator {
  const known = new Map(Object.entries(policies));
  return ({ scopes, policies: required }, subject) => {
    if (subject.kind === 'anonymous') return false;
    const hasPolicy = (name: string) => isPolicyMet(known.get(name), subject);
    return (
      scopes.every((alternatives) => isMet(alternatives, (scope) => subject.scopes.includes(scope))) &&
      required.every((alternatives) => isMet(alternatives, hasPolicy))
    );
  };
}

// An alternative without names (`[]`) is never satisfied, because it would otherwise make the field public.
function isMet(alternatives: Alternatives, has: (name: string) => boolean): boolean {
  return alternatives.some((names) => names.length > 0 && names.every(has));
}

function isPolicyMet(
  policy: Policy | undefined,
  { roles, scopes }: Extract<Subject, { kind: 'user' }>,
): boolean {
  if (policy === undefined) return false;
  const { roles: some = [], scopes: all = [] } = policy;
  // A policy without roles and scopes is probably a mistake. It is never satisfied, because it would
  // otherwise be satisfied by every caller.
  if (some.length === 0 && all.length === 0) return false;
  return (
    (some.length === 0 || some.some((role) => roles.includes(role))) &&
    all.every((scope) => scopes.includes(scope))
  );
}

/** Authorization requirements by schema coordinate: `Order` or `Order.total`. */
export type Requirements = ReadonlyMap<string, Requirement>;
