import type { Config } from '../config/config-schema.ts';
import { RouterError } from '../shared/errors.ts';
import type { Subject } from './requirement.ts';

type RequireToken = (subject: Subject, rootFields: readonly string[]) => void;

/**
 * Creates the check that rejects operations of anonymous callers, unless all root fields are public. The
 * check throws UNAUTHENTICATED.
 */
export function createTokenRequirement({
  required,
  publicFields,
}: Pick<Config['authentication'], 'required' | 'publicFields'>): RequireToken {
  if (!required) return () => undefined;
  // `__typename` is always public, because it reveals nothing and health checks select it.
  const open = new Set([...publicFields, 'Query.__typename', 'Mutation.__typename']);
  return ({ kind }, rootFields) => {
    if (kind !== 'anonymous') return;
    const closed = rootFields.find((coordinate) => !open.has(coordinate));
    if (closed === undefined) return;
    throw new RouterError('UNAUTHENTICATED', `${closed} requires an access token, but the request has none`);
  };
}
