import type { z } from 'zod';

/**
 * Returns the issues of the one alternative of a union whose type the value has. Without such an alternative,
 * returns the issue of the union.
 */
export function issuesOfUnion(issue: z.core.$ZodIssue): readonly z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const fitting = issue.errors.filter(
    (issues) => !issues.some(({ code, path }) => code === 'invalid_type' && path.length === 0),
  );
  const [only] = fitting;
  if (only === undefined || fitting.length > 1) return [issue];
  return only.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })).flatMap(issuesOfUnion);
}

/** Returns the message of an issue. Replaces messages of zod that do not say what would be right. */
export function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_key') return issue.issues.map(({ message }) => message).join(', ');
  const isMap = issue.code === 'invalid_type' && (issue.expected === 'object' || issue.expected === 'record');
  if (!isMap || !issue.message.startsWith('Invalid input: expected')) return issue.message;
  if (issue.input === undefined) return 'is missing; must be a map';
  return Array.isArray(issue.input) ? 'must be a map, not a list' : 'must be a map';
}
