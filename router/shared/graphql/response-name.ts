import type { FieldNode } from 'graphql';

/** Returns the key that a field has in the response: its alias or, without alias, its name. */
export function responseName({ alias, name }: FieldNode): string {
  return (alias ?? name).value;
}
