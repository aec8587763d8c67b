import { Kind } from 'graphql';
import type { FieldNode } from 'graphql';

/** AST node that selects `__typename`. */
export const TYPENAME: FieldNode = { kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } };
