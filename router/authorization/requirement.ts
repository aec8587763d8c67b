/** The caller whose access is evaluated; without a token no requirement is met. */
export type Subject =
  | { readonly kind: 'anonymous' }
  | { readonly kind: 'user'; readonly roles: readonly string[]; readonly scopes: readonly string[] };

/** Alternatives, of each of which all members are needed: how `@requiresScopes` and `@policy` write it. */
export type Alternatives = readonly (readonly string[])[];

/** What a type or field demands. All parts have to be met. */
export type Requirement = {
  readonly authenticated: boolean;
  readonly scopes: readonly Alternatives[];
  readonly policies: readonly Alternatives[];
};

/** What the operator says a policy is: a signed-in user with one of the roles, if some are named, and all of the scopes. */
export type Policy = {
  readonly roles?: readonly string[] | undefined;
  readonly scopes?: readonly string[] | undefined;
};

export type PolicyEvaluator = (requirement: Requirement, subject: Subject) => boolean;

/** A policy that nobody has configured is met by nobody. */
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

// An alternative that demands nothing would open the field to everyone, which no directive is written for.
function isMet(alternatives: Alternatives, has: (name: string) => boolean): boolean {
  return alternatives.some((names) => names.length > 0 && names.every(has));
}

function isPolicyMet(
  policy: Policy | undefined,
  { roles, scopes }: Extract<Subject, { kind: 'user' }>,
): boolean {
  if (policy === undefined) return false;
  const { roles: some = [], scopes: all = [] } = policy;
  // A policy without a condition is a mistake, and no open door.
  if (some.length === 0 && all.length === 0) return false;
  return (
    (some.length === 0 || some.some((role) => roles.includes(role))) &&
    all.every((scope) => scopes.includes(scope))
  );
}

/** By coordinate: `Order` or `Order.total`. */
export type Requirements = ReadonlyMap<string, Requirement>;
