import { isObjectType } from 'graphql';
import type { GraphQLSchema } from 'graphql';
import type { Finding } from '../finding.ts';

/** Returns warnings about the parts of a supergraph that the router accepts but does not implement. */
export function servedDifferently(supergraphSchema: GraphQLSchema): readonly Finding[] {
  const type = supergraphSchema.getSubscriptionType();
  if (!isObjectType(type)) return [];
  return Object.keys(type.getFields()).map((field) => ({
    severity: 'warning',
    code: 'SUBSCRIPTION_NOT_SERVED',
    message: 'subscriptions are not served: such an operation is rejected',
    coordinate: `${type.name}.${field}`,
  }));
}
