import { expect, test } from 'vitest';
import { createPolicyEvaluator } from '../../router/authorization/requirement.ts';
import type { Requirement, Subject } from '../../router/authorization/requirement.ts';

const judge = createPolicyEvaluator({
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
  ['nobody is not authenticated', LOGIN, ANYONE, false],
  ['a user is authenticated', LOGIN, user(), true],
  ['nobody has a scope', SCOPES, ANYONE, false],
  ['a user without scopes', SCOPES, user(), false],
  ['half of an alternative', SCOPES, user('a'), false],
  ['a whole alternative', SCOPES, user('a b'), true],
  ['another alternative', SCOPES, user('x c'), true],
  ['a scope that begins alike', SCOPES, user('c:read'), false],
  ['two demands of which one is met', BOTH, user('a'), false],
  ['two demands that are met', BOTH, user('a b'), true],
  ['no alternative', requirement({ scopes: [[]] }), user('a'), false],
  ['an alternative that demands nothing', requirement({ scopes: [[[]]] }), user('a'), false],
  ['a policy by role', policy('staff'), user('', 'support'), true],
  ['a policy without the role', policy('staff'), user('staff', 'customer'), false],
  ['nobody meets a policy', policy('staff'), ANYONE, false],
  ['role and scopes', policy('auditor'), user('audit:read audit:list', 'admin'), true],
  ['role without all scopes', policy('auditor'), user('audit:read', 'admin'), false],
  ['both of two policies', policy('staff', 'auditor'), user('', 'admin'), false],
  ['a policy that is not configured', policy('other'), user('other', 'other admin'), false],
  ['a policy without a condition', policy('empty'), user('', 'admin'), false],
  ['a policy named like what objects inherit', policy('constructor'), user('', 'admin'), false],
])('%s', (_name, required, subject, expected) => {
  expect(judge(required, subject)).toBe(expected);
});
