import { isNonNullType } from 'graphql';
import type { GraphQLSchema } from 'graphql';
import { toggleField } from './insert-field.ts';

/** Returns an operation for an empty console: the first field of the query type that needs no argument. */
export function starterOperation(schema: GraphQLSchema): string {
  const fields = Object.values(schema.getQueryType()?.getFields() ?? {});
  const simple = fields.find(
    ({ args, deprecationReason }) =>
      !deprecationReason &&
      args.every(({ type, defaultValue }) => !isNonNullType(type) || defaultValue !== undefined),
  );
  if (simple === undefined) return '{ __typename }\n';
  return toggleField('', schema, { operation: 'query', path: [simple.name] }) ?? '{ __typename }\n';
}
