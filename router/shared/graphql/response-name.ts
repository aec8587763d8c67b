import type { FieldNode } from 'graphql';

/** Returns the key of a field in the response. */
export function responseName({ alias, name }: FieldNode): string {
  return (alias ?? name).value;
}
