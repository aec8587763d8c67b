import { Kind, getNamedType, isInterfaceType, isObjectType, print, visit } from 'graphql';
import type {
  DirectiveNode,
  DocumentNode,
  FieldDefinitionNode,
  FieldNode,
  GraphQLNamedType,
  GraphQLSchema,
  InlineFragmentNode,
  SelectionSetNode,
} from 'graphql';
import {
  argumentOf,
  coordinate,
  isCompositeDefinition,
  joinFields,
  mapComposites,
  parseFieldSet,
  serviceNames,
  withImplementations,
} from './supergraph-document.ts';
import type { CompositeDefinition } from './supergraph-document.ts';
import { externalFields } from './external-fields.ts';
import type { ExternalFields } from './external-fields.ts';

/**
 * A field with arguments that some `@requires` reads, such as `price(currency: "EUR")`. In the schema for the
 * planner it is a separate field, such as `price__required0`.
 */
export type RequiredField = { readonly field: string; readonly arguments: FieldNode['arguments'] };

/**
 * Fields that have another name in the schema for the planner, and the data to restore their own names in
 * plans.
 */
export type RequiredArguments = ExternalFields & {
  /** Original fields by their names in the schema for the planner, such as `price__required0`. */
  readonly fields: ReadonlyMap<string, RequiredField>;
  /**
   * Selection sets of `@requires` with the names for the planner. The key identifies the requiring field, see
   * `coordinate`.
   */
  readonly requirements: ReadonlyMap<string, SelectionSetNode>;
  /** Paths of the fields that any `@key` of a subgraph contains, such as `.ref.code`, by subgraph. */
  readonly keyPaths: ReadonlyMap<string, ReadonlySet<string>>;
};

type Variants = {
  readonly schema: GraphQLSchema;
  /**
   * Maps fields with their arguments as text, such as `price(currency:"EUR")`, to their names for the
   * planner.
   */
  readonly names: Map<string, string>;
  readonly fields: Map<string, RequiredField>;
  /**
   * For each type, by name, its additional fields in the schema for the planner, such as `price__required0`.
   */
  readonly added: Map<string, Set<string>>;
};

/** Copies the requirements of fields such as `price` to their variants, such as `price__required0`. */
function addRequirementsOfVariants(
  requirements: Map<string, SelectionSetNode>,
  { added, fields }: Variants,
  services: Iterable<string>,
): void {
  for (const service of services) {
    for (const [type, names] of added) {
      for (const name of names) {
        const own = requirements.get(coordinate(service, type, fields.get(name)?.field ?? name));
        if (own !== undefined) requirements.set(coordinate(service, type, name), own);
      }
    }
  }
}

/**
 * Renames fields with arguments that `@requires` reads: each combination of arguments becomes a field of its
 * own, such as `price__required0`. Otherwise Apollo's planner, which merges fields with equal response names,
 * would use the client's `price(currency: "USD")` where `price(currency: "EUR")` is required.
 */
export function extractRequiredArguments(
  document: DocumentNode,
  schema: GraphQLSchema,
): { document: DocumentNode; required: RequiredArguments } {
  const variants: Variants = { schema, names: new Map(), fields: new Map(), added: new Map() };
  const services = serviceNames(document);
  const requirements = new Map<string, SelectionSetNode>();
  for (const type of document.definitions.filter(isCompositeDefinition)) {
    for (const { field, join } of joinFields(type)) {
      const required = separated(join, type.name.value, variants);
      const graph = argumentOf(join, 'graph');
      if (required === undefined || graph === undefined) continue;
      requirements.set(coordinate(services.get(graph) ?? graph, type.name.value, field.name.value), required);
    }
  }
  addRequirementsOfVariants(requirements, variants, services.values());
  const required = {
    fields: variants.fields,
    requirements,
    ...externalFields(document, variants.fields),
    keyPaths: keyPathsIn(document, services),
  };
  if (variants.fields.size === 0) return { document, required };
  return { document: mapComposites(document, (type) => withVariants(type, variants)), required };
}

function keyPathsIn(
  document: DocumentNode,
  services: ReadonlyMap<string, string>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, Set<string>>();
  for (const { directives = [] } of document.definitions.filter(isCompositeDefinition)) {
    for (const directive of directives) {
      const graph = argumentOf(directive, 'graph');
      const key = argumentOf(directive, 'key');
      if (graph === undefined || key === undefined) continue;
      const service = services.get(graph) ?? graph;
      const paths = found.get(service) ?? new Set();
      for (const path of pathsIn(parseFieldSet(key), '')) paths.add(path);
      found.set(service, paths);
    }
  }
  return found;
}

function pathsIn({ selections }: SelectionSetNode, prefix: string): string[] {
  return selections.flatMap((selection) => {
    if (selection.kind === Kind.FRAGMENT_SPREAD) return [];
    const path = selection.kind === Kind.FIELD ? `${prefix}.${selection.name.value}` : prefix;
    const inner = selection.selectionSet ? pathsIn(selection.selectionSet, path) : [];
    return [path, ...inner];
  });
}

function separated(join: DirectiveNode, typeName: string, variants: Variants): SelectionSetNode | undefined {
  const fieldSet = argumentOf(join, 'requires');
  if (fieldSet === undefined) return undefined;
  return separateSelections(parseFieldSet(fieldSet), variants.schema.getType(typeName), variants);
}

function separateSelections(
  selectionSet: SelectionSetNode,
  parent: GraphQLNamedType | undefined,
  variants: Variants,
): SelectionSetNode {
  const selections = selectionSet.selections.map((selection) => {
    switch (selection.kind) {
      case Kind.FIELD:
        return separateField(selection, parent, variants);
      case Kind.INLINE_FRAGMENT:
        return separateFragment(selection, parent, variants);
      case Kind.FRAGMENT_SPREAD:
        return selection;
    }
  });
  return { ...selectionSet, selections };
}

function separateFragment(
  fragment: InlineFragmentNode,
  parent: GraphQLNamedType | undefined,
  variants: Variants,
): InlineFragmentNode {
  const condition = fragment.typeCondition?.name.value;
  const type = condition === undefined ? parent : variants.schema.getType(condition);
  return { ...fragment, selectionSet: separateSelections(fragment.selectionSet, type, variants) };
}

function separateField(node: FieldNode, parent: GraphQLNamedType | undefined, variants: Variants): FieldNode {
  if (!isObjectType(parent) && !isInterfaceType(parent)) return node;
  const definition = parent.getFields()[node.name.value];
  if (definition === undefined) return node;
  const { selectionSet } = node;
  const inner = selectionSet && separateSelections(selectionSet, getNamedType(definition.type), variants);
  const { arguments: _, ...bare } = node;
  const separated = inner === undefined ? bare : { ...bare, selectionSet: inner };
  // A field that accepts arguments is renamed even if `@requires` passes none, because the client may select
  // the same field with arguments.
  if (definition.args.length === 0) return separated;
  const name = variantOf(node, parent.name, variants);
  return { ...separated, name: { kind: Kind.NAME, value: name } };
}

function variantOf(node: FieldNode, typeName: string, variants: Variants): string {
  const given = [...(node.arguments ?? [])].sort((a, b) => (a.name.value < b.name.value ? -1 : 1));
  const key = `${node.name.value}(${given.map(print).join(', ')})`;
  const name = variants.names.get(key) ?? unusedName(node.name.value, variants);
  variants.names.set(key, name);
  variants.fields.set(name, { field: node.name.value, arguments: given });
  for (const type of withImplementations(variants.schema, typeName)) {
    const added = variants.added.get(type) ?? new Set();
    variants.added.set(type, added.add(name));
  }
  return name;
}

function unusedName(field: string, { schema, fields }: Variants): string {
  const taken = (name: string) =>
    fields.has(name) ||
    Object.values(schema.getTypeMap()).some(
      (type) => (isObjectType(type) || isInterfaceType(type)) && name in type.getFields(),
    );
  for (let count = 0; ; count += 1) {
    const candidate = `${field}__required${count}`;
    if (!taken(candidate)) return candidate;
  }
}

function withVariants(type: CompositeDefinition, variants: Variants): CompositeDefinition {
  const fields = (type.fields ?? []).map((field) => withSeparatedRequires(field, type.name.value, variants));
  const added = [...(variants.added.get(type.name.value) ?? [])].flatMap((name) => {
    const original = fields.find((field) => field.name.value === variants.fields.get(name)?.field);
    return original === undefined ? [] : [asVariant(original, name)];
  });
  return { ...type, fields: [...fields, ...added] };
}

function withSeparatedRequires(
  field: FieldDefinitionNode,
  typeName: string,
  variants: Variants,
): FieldDefinitionNode {
  return visit(field, {
    Directive: (directive) => {
      if (directive.name.value !== 'join__field') return undefined;
      const required = separated(directive, typeName, variants);
      if (required === undefined) return undefined;
      const value = { kind: Kind.STRING, value: required.selections.map(print).join(' ') };
      return {
        ...directive,
        arguments: (directive.arguments ?? []).map((argument) =>
          argument.name.value === 'requires' ? { ...argument, value } : argument,
        ),
      };
    },
  });
}

function asVariant(original: FieldDefinitionNode, name: string): FieldDefinitionNode {
  return {
    kind: Kind.FIELD_DEFINITION,
    name: { kind: Kind.NAME, value: name },
    type: original.type,
    directives: (original.directives ?? []).filter((directive) => directive.name.value === 'join__field'),
  };
}
