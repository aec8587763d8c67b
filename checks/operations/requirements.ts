import { isImplied } from '../../router/authorization/interface-requirements.ts';
import type { Alternatives, Requirement } from '../../router/authorization/requirement.ts';

/** Whether each caller that satisfies all requirements in `given` satisfies those in `demanded`, too. */
export function admitsAll(demanded: readonly Requirement[], given: readonly Requirement[]): boolean {
  // A caller without a token satisfies no requirement, so each of them implies authentication.
  const authenticated = given.map((requirement) => ({ ...requirement, authenticated: true }));
  try {
    return demanded.every((requirement) => isImplied(requirement, authenticated));
  } catch {
    // There are too many combinations of scopes to compare them.
    return false;
  }
}

/** Describes a requirement, such as `the scopes a and b, or c`. */
export function requirementText(requirement: Requirement | undefined): string {
  if (requirement === undefined) return 'nothing';
  const { authenticated, scopes, policies } = requirement;
  const parts = [
    ...scopes.map((alternatives) => `the scope ${alternativesText(alternatives)}`),
    ...policies.map((alternatives) => `the policy ${alternativesText(alternatives)}`),
  ];
  return parts.length === 0 && authenticated ? 'authentication' : parts.join(', and ');
}

function alternativesText(alternatives: Alternatives): string {
  return alternatives.map((names) => names.join(' and ')).join(', or ');
}
