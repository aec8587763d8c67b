import type { FieldNode } from 'graphql';

/** The key of a field in the answer. */
export function responseName({ alias, name }: FieldNode): string {
  return (alias ?? name).value;
}
