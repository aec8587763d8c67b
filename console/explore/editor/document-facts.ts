import { getNamedType, isEnumType, Kind, parse, print, TypeInfo, visit, visitWithTypeInfo } from 'graphql';
import type { ASTNode, DocumentNode, FieldNode, GraphQLSchema, OperationDefinitionNode } from 'graphql';

/** Returns undefined for a document with a syntax error. */
export function parseDocument(text: string): DocumentNode | undefined {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Formats a document. Returns undefined for one with comments, which the printer would remove, or with a
 * syntax error.
 */
export function formatDocument(text: string): string | undefined {
  const document = parseDocument(text);
  if (document === undefined || /^\s*#/m.test(text)) return undefined;
  return print(document);
}

export type Documentation = {
  readonly from: number;
  readonly to: number;
  readonly signature: string;
  readonly description: string;
  readonly deprecation: string;
};

/** Returns the schema's documentation of the name at a position. */
export function documentationAt(
  text: string,
  position: number,
  schema: GraphQLSchema,
): Documentation | undefined {
  const document = parseDocument(text);
  if (document === undefined) return undefined;
  const info = new TypeInfo(schema);
  let found: Documentation | undefined;
  const enter = (node: ASTNode) => {
    if (!('name' in node) || node.name?.loc === undefined) return;
    const { start, end } = node.name.loc;
    if (position < start || position > end) return;
    const described = describe(node, info);
    if (described) found = { from: start, to: end, ...described };
  };
  visit(document, visitWithTypeInfo(info, { enter }));
  return found;
}

function describe(node: ASTNode, info: TypeInfo) {
  const field = info.getFieldDef();
  const argument = info.getArgument();
  if (node.kind === Kind.FIELD && field) {
    const owner = info.getParentType()?.name ?? '';
    const args = field.args.map(({ name, type }) => `${name}: ${String(type)}`).join(', ');
    const signature = `${owner}.${field.name}${args && `(${args})`}: ${String(field.type)}`;
    return { signature, ...texts(field) };
  }
  if ((node.kind === Kind.ARGUMENT || node.kind === Kind.OBJECT_FIELD) && (argument ?? info.getInputType())) {
    const signature = `${node.name.value}: ${String(info.getInputType())}`;
    return { signature, ...texts(argument ?? {}) };
  }
  if (node.kind === Kind.NAMED_TYPE) {
    const type = info.getType() ?? info.getInputType();
    return type ? { signature: String(type), ...texts(getNamedType(type)) } : undefined;
  }
  return undefined;
}

function texts(element: {
  readonly description?: string | null | undefined;
  readonly deprecationReason?: string | null | undefined;
}) {
  return { description: element.description ?? '', deprecation: element.deprecationReason ?? '' };
}

/** Returns where deprecated fields, arguments and enum values are used, in the order of the text. */
export function deprecatedRanges(text: string, schema: GraphQLSchema) {
  const ranges: { readonly from: number; readonly to: number }[] = [];
  const document = parseDocument(text);
  if (document === undefined) return ranges;
  const info = new TypeInfo(schema);
  const note = (loc: { readonly start: number; readonly end: number } | undefined, reason: unknown) => {
    if (loc && typeof reason === 'string') ranges.push({ from: loc.start, to: loc.end });
  };
  visit(
    document,
    visitWithTypeInfo(info, {
      Field: ({ name }) => note(name.loc, info.getFieldDef()?.deprecationReason),
      Argument: ({ name }) => note(name.loc, info.getArgument()?.deprecationReason),
      EnumValue: ({ loc, value }) => {
        const type = getNamedType(info.getInputType());
        note(loc, isEnumType(type) ? type.getValue(value)?.deprecationReason : undefined);
      },
    }),
  );
  return ranges.sort((a, b) => a.from - b.from);
}

/** A line of a text with the cursor in it. */
export type CursorLine = { readonly from: number; readonly head: number; readonly to: number };

/**
 * Returns the coordinate of the field at the cursor, among those that begin on its line: the innermost one
 * that encloses the cursor, else the first one of the line.
 */
export function coordinateAt(
  text: string,
  { from, head, to }: CursorLine,
  schema: GraphQLSchema,
): string | undefined {
  const document = parseDocument(text);
  if (document === undefined) return undefined;
  const info = new TypeInfo(schema);
  let first: string | undefined;
  let enclosing: string | undefined;
  visit(
    document,
    visitWithTypeInfo(info, {
      Field({ name, loc }) {
        const owner = info.getParentType()?.name;
        if (loc === undefined || owner === undefined || loc.start < from || loc.start > to) return;
        const coordinate = `${owner}.${name.value}`;
        first ??= coordinate;
        if (loc.start <= head && head <= loc.end) enclosing = coordinate;
      },
    }),
  );
  return enclosing ?? first;
}

/** Returns the operation at a position, else the first one. */
export function operationAt(text: string, position: number): OperationDefinitionNode | undefined {
  const operations = parseDocument(text)?.definitions.filter(isOperation) ?? [];
  const at = operations.find(({ loc }) => loc && loc.start <= position && position <= loc.end);
  return at ?? operations[0];
}

function isOperation(node: ASTNode): node is OperationDefinitionNode {
  return node.kind === Kind.OPERATION_DEFINITION;
}

/** Returns the field of a document that a path of the response leads to. */
export function fieldAt(text: string, path: readonly (string | number)[]): FieldNode | undefined {
  const document = parseDocument(text);
  const names = path.filter((part) => typeof part === 'string');
  let found: FieldNode | undefined;
  const trail: string[] = [];
  if (document === undefined) return undefined;
  visit(document, {
    Field: {
      enter: (node) => {
        trail.push((node.alias ?? node.name).value);
        if (trail.length <= names.length && trail.every((name, index) => name === names[index])) found = node;
      },
      leave: () => void trail.pop(),
    },
  });
  return found;
}
