import { GraphQLError, GraphQLFloat, getNamedType } from 'graphql';
import type { FloatValueNode, IntValueNode, ValidationRule } from 'graphql';

/** Message about a Float, in a document or in a variable, that is too large for a double. */
export const EXCEEDS_DOUBLE = 'Float cannot represent a number that exceeds double precision.';

/**
 * Validation rule that rejects Float literals too large for a double, such as `1e400` (GraphQL section
 * 3.5.2). graphql-js reads them as infinity.
 */
export const finiteFloats: ValidationRule = (context) => {
  const check = (node: IntValueNode | FloatValueNode): void => {
    if (getNamedType(context.getInputType()) !== GraphQLFloat || Number.isFinite(Number(node.value))) return;
    context.reportError(new GraphQLError(EXCEEDS_DOUBLE, { nodes: node }));
  };
  return { IntValue: check, FloatValue: check };
};
