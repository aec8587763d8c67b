import type { DocumentNode, GraphQLSchema } from 'graphql';
import { createGuard } from './guard.ts';
import type { Guard } from './guard.ts';
import { protectSchema } from './protected-schema.ts';
import type { PolicyEvaluator, Requirements } from './requirement.ts';

/**
 * Returns a function that creates the guard of an operation. The guard decides which fields of the operation
 * a caller may see. If the schema has no authorization requirements, no operation has a guard.
 */
export function createGuards(
  schema: GraphQLSchema,
  requirements: Requirements,
  evaluate: PolicyEvaluator,
): (document: DocumentNode, operationName: string | undefined) => Guard | undefined {
  if (requirements.size === 0) return () => undefined;
  const protectedSchema = protectSchema(schema, requirements);
  return (document, operationName) => createGuard(document, operationName, { protectedSchema, evaluate });
}
