import { parse } from 'graphql';
import type { ASTNode, DocumentNode, NameNode } from 'graphql';

/** Position in a document, from 1. */
type Position = {
  readonly line: number;
  readonly column: number;
  /** Whether it is the position of the coordinate itself, rather than of its type. */
  readonly isExact: boolean;
};

/**
 * Returns where a schema defines a coordinate such as `Product.price` or `Product.price(currency:)`. A field
 * that does not exist has the position of its type, because a removed field has none of its own.
 */
export function coordinatePosition(sdl: string, coordinate: string | undefined): Position | undefined {
  const [type, member] = (coordinate ?? '').split(/[.(:)]+/);
  const definitions = (tryParse(sdl)?.definitions ?? []).filter((node) => nameOf(node)?.value === type);
  const found = definitions.flatMap(membersOf).find((node) => nameOf(node)?.value === member);
  const start = startOf(nameOf(found ?? definitions[0]));
  return start && { ...start, isExact: found !== undefined || member === undefined };
}

function tryParse(sdl: string): DocumentNode | undefined {
  try {
    return parse(sdl);
  } catch {
    // Its syntax errors are findings of their own.
    return undefined;
  }
}

function nameOf(node: ASTNode | undefined): NameNode | undefined {
  return node !== undefined && 'name' in node ? node.name : undefined;
}

function membersOf(definition: ASTNode): readonly ASTNode[] {
  const fields = 'fields' in definition ? definition.fields : undefined;
  const values = 'values' in definition ? definition.values : undefined;
  return [...(fields ?? []), ...(values ?? [])];
}

/** Position of a name, because a description would precede the definition. */
function startOf(name: NameNode | undefined): Omit<Position, 'isExact'> | undefined {
  const token = name?.loc?.startToken;
  return token === undefined ? undefined : { line: token.line, column: token.column };
}
