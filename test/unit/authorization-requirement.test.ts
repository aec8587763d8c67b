import { expect, test } from 'vitest';
import { createPolicyEvaluator } from '../../router/authorization/requirement.ts';
import type { Requirement, Subject } from '../../router/authorization/requirement.ts';

const evaluate = createPolicyEvaluator({
  staff: { roles: ['support', 'admin'] },
  auditor: { roles: ['admin'], scopes: ['audit:read', 'audit:list'] },
  empty: {},
});

const requirement = (parts: Partial<Requirement>): Requirement => ({
  authenticated: false,
  scopes: [],
  policies: [],
  ...parts,
});

const user = (scopes = '', roles = ''): Subject => ({
  kind: 'user',
  scopes: scopes.split(' ').filter(Boolean),
  roles: roles.split(' ').filter(Boolean),
});

const ANYONE: Subject = { kind: 'anonymous' };

const LOGIN = requirement({ authenticated: true });
const SCOPES = requirement({ scopes: [[['a', 'b'], ['c']]] });
const BOTH = requirement({ scopes: [[['a']], [['b']]] });
const policy = (...names: string[]) => requirement({ policies: [[names]] });

test.each<[string, Requirement, Subject, boolean]>([
  ['an anonymous caller is not authenticated', LOGIN, ANYONE, false],
  ['a user is authenticated', LOGIN, user(), true],
  ['an anonymous caller has no scope', SCOPES, ANYONE, false],
  ['a user without scopes', SCOPES, user(), false],
  ['half of an alternative', SCOPES, user('a'), false],
  ['a whole alternative', SCOPES, user('a b'), true],
  ['another alternative', SCOPES, user('x c'), true],
  ['a scope with the same beginning', SCOPES, user('c:read'), false],
  ['one of two requirements', BOTH, user('a'), false],
  ['both of two requirements', BOTH, user('a b'), true],
  ['no alternative', requirement({ scopes: [[]] }), user('a'), false],
  ['an empty alternative', requirement({ scopes: [[[]]] }), user('a'), false],
  ['a policy by role', policy('staff'), user('', 'support'), true],
  ['a policy without the role', policy('staff'), user('staff', 'customer'), false],
  ['an anonymous caller satisfies no policy', policy('staff'), ANYONE, false],
  ['role and scopes', policy('auditor'), user('audit:read audit:list', 'admin'), true],
  ['role without all scopes', policy('auditor'), user('audit:read', 'admin'), false],
  ['both of two policies', policy('staff', 'auditor'), user('', 'admin'), false],
  ['a policy that is not configured', policy('other'), user('other', 'other admin'), false],
  ['a policy without a condition', policy('empty'), user('', 'admin'), false],
  ['a policy with the name of an inherited property', policy('constructor'), user('', 'admin'), false],
])('%s', (_name, required, subject, expected) => {
  expect(evaluate(required, subject)).toBe(expected);
});
