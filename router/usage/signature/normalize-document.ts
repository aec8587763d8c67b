import { Kind, TypeInfo, print, separateOperations, typeFromAST, visit, visitWithTypeInfo } from 'graphql';
import type {
  ArgumentNode,
  ASTNode,
  DefinitionNode,
  DirectiveNode,
  DocumentNode,
  GraphQLInputType,
  GraphQLNamedType,
  GraphQLSchema,
  SelectionNode,
  VariableDefinitionNode,
} from 'graphql';
import { canonicalAliases } from './canonical-aliases.ts';
import { compareTexts, replaceLiterals } from './replace-literals.ts';

export type NormalizationParts = {
  /** Schema for which the document is valid. */
  readonly schema: GraphQLSchema;
  /**
   * Returns the arguments that the `@listSize` of a field names as slicing arguments (page sizes). The
   * numbers in these arguments are kept and not replaced, because the cost of the operation depends on them.
   */
  readonly slicingArguments: (parent: GraphQLNamedType, field: string) => readonly string[];
};

/**
 * Returns the document reduced to the operation with the given name and the fragments that this operation
 * uses.
 */
export function withOneOperation(document: DocumentNode, name: string | undefined): DocumentNode {
  return separateOperations(document)[name ?? ''] ?? document;
}

/**
 * Returns the normalized form of a document with one operation: literals are replaced, aliases renamed, and
 * everything is sorted, so that operations which differ only in these have the same form. Unlike Apollo's
 * signature for usage reports, it is valid for every schema for which the document is valid.
 */
export function normalizeDocument(document: DocumentNode, parts: NormalizationParts): DocumentNode {
  return canonicalAliases(sorted(withoutData(document, parts)));
}

function withoutData(document: DocumentNode, { schema, slicingArguments }: NormalizationParts): DocumentNode {
  const types = new TypeInfo(schema);
  const sizes = new Set<string>();
  const isSize = ({ name }: ArgumentNode) => {
    const parent = types.getParentType();
    const field = types.getFieldDef();
    if (types.getDirective() || !parent || !field) return false;
    return slicingArguments(parent, field.name).includes(name.value);
  };
  const replaced = visit(
    document,
    visitWithTypeInfo(types, {
      Argument(node) {
        const { value } = node;
        if (!isSize(node)) return { ...node, value: replaceLiterals(value, types.getInputType()) };
        if (value.kind === Kind.VARIABLE) sizes.add(value.name.value);
        return undefined;
      },
    }),
  );
  return visit(replaced, { VariableDefinition: (node) => replaceDefault(node, { schema, sizes }) });
}

function replaceDefault(
  node: VariableDefinitionNode,
  { schema, sizes }: { readonly schema: GraphQLSchema; readonly sizes: ReadonlySet<string> },
): VariableDefinitionNode {
  const { defaultValue, variable } = node;
  if (defaultValue === undefined || sizes.has(variable.name.value)) return node;
  const type = inputTypeOf(schema, node);
  // The type cast is safe: the default value of a variable is constant, and replacing literals adds no
  // variables.
  return { ...node, defaultValue: replaceLiterals(defaultValue, type) as typeof defaultValue };
}

function inputTypeOf(schema: GraphQLSchema, { type }: VariableDefinitionNode): GraphQLInputType | undefined {
  // The type cast is safe: in a valid document, the type of a variable is an input type.
  return typeFromAST(schema, type) as GraphQLInputType | undefined;
}

/**
 * Sorts definitions, variables, selections, arguments and directives, so that documents which differ only in
 * order become equal. Selections are ordered by kind and name, as in Apollo's signature, and then by their
 * content.
 */
function sorted(document: DocumentNode): DocumentNode {
  const keys = new WeakMap<ASTNode, string>();
  const keyed = <Node extends ASTNode>(node: Node, key: string): Node => {
    keys.set(node, key);
    return node;
  };
  const keyOf = (node: ASTNode | undefined) => (node && keys.get(node)) ?? '';
  const bySelection = (a: SelectionNode, b: SelectionNode) => compareTexts(keyOf(a), keyOf(b));
  return visit(document, {
    SelectionSet: {
      leave(node) {
        const selections = node.selections.toSorted(bySelection);
        return keyed({ ...node, selections }, `{${selections.map(keyOf).join(' ')}}`);
      },
    },
    Field: {
      leave(node) {
        const field = { ...node, arguments: byName(node.arguments), directives: byName(node.directives) };
        const own = `${printed(field.arguments)}${printed(field.directives)}`;
        return keyed(field, `1 ${field.name.value} ${own}${keyOf(node.selectionSet)}`);
      },
    },
    FragmentSpread: {
      leave(node) {
        const spread = { ...node, directives: byName(node.directives) };
        return keyed(spread, `2 ${spread.name.value} ${printed(spread.directives)}`);
      },
    },
    InlineFragment: {
      leave(node) {
        const fragment = { ...node, directives: byName(node.directives) };
        const condition = fragment.typeCondition?.name.value ?? '';
        return keyed(fragment, `3 ${condition} ${printed(fragment.directives)}${keyOf(node.selectionSet)}`);
      },
    },
    Directive: { leave: (node) => ({ ...node, arguments: byName(node.arguments) }) },
    OperationDefinition: {
      leave: (node) => ({
        ...withoutDescription(node),
        directives: byName(node.directives),
        variableDefinitions: (node.variableDefinitions ?? []).toSorted((a, b) =>
          compareTexts(a.variable.name.value, b.variable.name.value),
        ),
      }),
    },
    VariableDefinition: { leave: withoutDescription },
    FragmentDefinition: {
      leave: (node) => ({ ...withoutDescription(node), directives: byName(node.directives) }),
    },
    Document: {
      leave: (node) => ({
        ...node,
        definitions: node.definitions.toSorted((a, b) => compareTexts(definitionKey(a), definitionKey(b))),
      }),
    },
  });
}

/** Removes the description of a definition, because it is free text. */
function withoutDescription<Node extends { readonly description?: unknown }>(node: Node): Node {
  const copy: Node & { description?: unknown } = { ...node };
  delete copy.description;
  return copy;
}

function byName<Node extends ArgumentNode | DirectiveNode>(nodes: readonly Node[] = []): readonly Node[] {
  return nodes.toSorted((a, b) => compareTexts(a.name.value, b.name.value));
}

function printed(nodes: readonly ASTNode[]): string {
  return nodes.map(print).join(' ');
}

function definitionKey(node: DefinitionNode): string {
  return node.kind === Kind.FRAGMENT_DEFINITION ? `2 ${node.name.value}` : '1';
}
