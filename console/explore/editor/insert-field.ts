import {
  getNamedType,
  isLeafType,
  isNonNullType,
  Kind,
  OperationTypeNode,
  parse,
  print,
  visit,
} from 'graphql';
import type {
  DocumentNode,
  FieldNode,
  GraphQLField,
  GraphQLObjectType,
  GraphQLSchema,
  OperationDefinitionNode,
  SelectionSetNode,
} from 'graphql';
import { parseDocument } from './document-facts.ts';

export type RootOperation = 'query' | 'mutation' | 'subscription';

const TYPES: Readonly<Record<RootOperation, OperationTypeNode>> = {
  query: OperationTypeNode.QUERY,
  mutation: OperationTypeNode.MUTATION,
  subscription: OperationTypeNode.SUBSCRIPTION,
};

/**
 * Adds the field that a path of names from the root type leads to, or removes it if it is there. Fields on
 * the way and scalars below are added. Returns undefined if the document has a syntax error.
 */
export function toggleField(
  text: string,
  schema: GraphQLSchema,
  { operation, path }: { readonly operation: RootOperation; readonly path: readonly string[] },
): string | undefined {
  const document = text.trim() === '' ? EMPTY : parseDocument(text);
  if (document === undefined) return undefined;
  const existing = document.definitions.find(
    (node): node is OperationDefinitionNode =>
      node.kind === Kind.OPERATION_DEFINITION && node.operation === TYPES[operation],
  );
  const root = rootType(schema, operation);
  if (root === undefined) return undefined;
  const target = existing ?? emptyOperation(operation);
  const changed = { ...target, selectionSet: toggled(target.selectionSet, root, path) };
  const definitions = existing
    ? document.definitions.map((node) => (node === existing ? changed : node))
    : [...document.definitions, changed];
  const filled = definitions.filter(
    (node) => node.kind !== Kind.OPERATION_DEFINITION || node.selectionSet.selections.length > 0,
  );
  return filled.length === 0 ? '' : print({ kind: Kind.DOCUMENT, definitions: filled });
}

/** Paths of the fields that the first operation of a kind selects, each joined with dots. */
export function selectedPaths(text: string, operation: RootOperation): ReadonlySet<string> {
  const found = new Set<string>();
  const document = parseDocument(text);
  const root = document?.definitions.find(
    (node) => node.kind === Kind.OPERATION_DEFINITION && node.operation === TYPES[operation],
  );
  const trail: string[] = [];
  if (root)
    visit(root, {
      Field: {
        enter: (node) => {
          trail.push(node.name.value);
          found.add(trail.join('.'));
        },
        leave: () => void trail.pop(),
      },
    });
  return found;
}

const EMPTY: DocumentNode = { kind: Kind.DOCUMENT, definitions: [] };

export function rootType(schema: GraphQLSchema, operation: RootOperation): GraphQLObjectType | undefined {
  const types = {
    query: schema.getQueryType(),
    mutation: schema.getMutationType(),
    subscription: schema.getSubscriptionType(),
  };
  return types[operation] ?? undefined;
}

function emptyOperation(operation: RootOperation): OperationDefinitionNode {
  const [node] = parse(`${operation} { __typename }`).definitions;
  if (node?.kind !== Kind.OPERATION_DEFINITION) throw new Error('bug: no operation was parsed');
  return { ...node, selectionSet: { kind: Kind.SELECTION_SET, selections: [] } };
}

function toggled(set: SelectionSetNode, type: GraphQLObjectType, path: readonly string[]): SelectionSetNode {
  const [name, ...rest] = path;
  if (name === undefined) return set;
  const present = set.selections.find(
    (node): node is FieldNode => node.kind === Kind.FIELD && node.name.value === name,
  );
  const others = set.selections.filter((node) => node !== present);
  if (present !== undefined && rest.length === 0) return { ...set, selections: others };
  const field = type.getFields()[name];
  if (field === undefined) return set;
  const inner = getNamedType(field.type);
  const node = present ?? fieldNode(field);
  if (rest.length === 0 || !('getFields' in inner))
    return { ...set, selections: [...set.selections, withScalars(node, field)] };
  const innerSet = toggled(node.selectionSet ?? NO_SELECTIONS, inner as GraphQLObjectType, rest);
  const next: FieldNode = { ...node, selectionSet: innerSet };
  if (innerSet.selections.length === 0) return { ...set, selections: others };
  return {
    ...set,
    selections: present
      ? set.selections.map((selection) => (selection === present ? next : selection))
      : [...set.selections, next],
  };
}

const NO_SELECTIONS: SelectionSetNode = { kind: Kind.SELECTION_SET, selections: [] };

/** Required arguments are written with an empty value of their type, which the editor then underlines. */
function fieldNode(field: GraphQLField<unknown, unknown>): FieldNode {
  const required = field.args.filter(
    (argument) => isNonNullType(argument.type) && argument.defaultValue === undefined,
  );
  const args = required.map(({ name, type }) => `${name}: ${emptyValue(String(type))}`).join(', ');
  const [node] = parse(`{ ${field.name}${args && `(${args})`} }`).definitions;
  const selection = node?.kind === Kind.OPERATION_DEFINITION ? node.selectionSet.selections[0] : undefined;
  if (selection?.kind !== Kind.FIELD) throw new Error('bug: no field was parsed');
  return selection;
}

function emptyValue(type: string): string {
  if (type.startsWith('[')) return '[]';
  if (/^(?:Int|Float)!/.test(type)) return '0';
  if (type.startsWith('Boolean!')) return 'true';
  return /^(?:String|ID)!/.test(type) ? '""' : '{}';
}

/** Without a selection an object would be invalid, so its scalars without arguments are selected. */
function withScalars(node: FieldNode, field: GraphQLField<unknown, unknown>): FieldNode {
  const type = getNamedType(field.type);
  if (isLeafType(type)) return node;
  const fields = 'getFields' in type ? Object.values(type.getFields()) : [];
  const names = fields
    .filter((inner) => isLeafType(getNamedType(inner.type)) && !inner.deprecationReason)
    .filter((inner) => !('args' in inner) || inner.args.every((argument) => !isNonNullType(argument.type)))
    .slice(0, 3)
    .map((inner) => inner.name);
  const [parsed] = parse(`{ ${names.length === 0 ? '__typename' : names.join(' ')} }`).definitions;
  return parsed?.kind === Kind.OPERATION_DEFINITION ? { ...node, selectionSet: parsed.selectionSet } : node;
}
