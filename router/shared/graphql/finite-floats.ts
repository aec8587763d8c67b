import { GraphQLError, GraphQLFloat, getNamedType } from 'graphql';
import type { FloatValueNode, IntValueNode, ValidationRule } from 'graphql';

/**
 * Validation rule that rejects Float literals too large for a double, such as `1e400` (GraphQL section
 * 3.5.2). graphql-js reads them as infinity.
 */
export const finiteFloats: ValidationRule = (context) => {
  const check = (node: IntValueNode | FloatValueNode): void => {
    if (getNamedType(context.getInputType()) !== GraphQLFloat || Number.isFinite(Number(node.value))) return;
    const shown = node.value.length > 40 ? `${node.value.slice(0, 40)}…` : node.value;
    context.reportError(
      new GraphQLError(`Float cannot represent ${shown}: it exceeds double precision.`, { nodes: node }),
    );
  };
  return { IntValue: check, FloatValue: check };
};
