import { createHash } from 'node:crypto';
import {
  Kind,
  TypeInfo,
  getNamedType,
  isAbstractType,
  isInterfaceType,
  isObjectType,
  print,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import type {
  ConstDirectiveNode,
  DefinitionNode,
  DocumentNode,
  FieldDefinitionNode,
  GraphQLSchema,
  SelectionSetNode,
  UnionTypeDefinitionNode,
} from 'graphql';
import { hasUnresolvableKeys, prepareSupergraph } from '../../router/planning/prepare/prepare-supergraph.ts';
import {
  argumentOf,
  isCompositeDefinition,
  parseFieldSet,
  serviceNames,
} from '../../router/planning/prepare/supergraph-document.ts';
import type { CompositeDefinition } from '../../router/planning/prepare/supergraph-document.ts';

/**
 * Returns a text that is equal for two supergraphs only if the planner plans an operation alike in both.
 *
 * Apollo's planner moves through a graph whose edges are the fields that an operation selects, the keys of
 * the types at each place, and the fields that keys, `@requires`, `@provides` and `@fromContext` read. The
 * text therefore consists of the definitions of these types and fields, of the types that share an interface
 * or a union with them, and of the names for which an operation is rewritten before planning. Descriptions
 * and directives that do not concern planning are left out.
 */
export type PlanDependencies = (document: DocumentNode) => string;

/** Directives that the planner does not read. */
const IRRELEVANT: ReadonlySet<string> = new Set(['deprecated', 'tag', 'cost', 'listSize', 'specifiedBy']);

/**
 * Creates the function that returns what the plans of one supergraph depend on.
 * @param servable the supergraph that the planner reads
 */
export function createPlanDependencies(servable: DocumentNode, schema: GraphQLSchema): PlanDependencies {
  const elements = new Elements(servable, schema);
  const closures = new Map<string, ReadonlySet<string>>();
  const closureOf = (typeName: string, fieldName: string | undefined) => {
    const coordinate = `${typeName}.${fieldName ?? ''}`;
    const known = closures.get(coordinate);
    if (known !== undefined) return known;
    const closure = new Closure(elements, schema);
    if (fieldName === undefined) closure.addType(typeName);
    else closure.addField(typeName, fieldName);
    closures.set(coordinate, closure.reached);
    return closure.reached;
  };
  const prefix = globalText(servable);
  return (document) => {
    const reached = new Set<string>();
    const add = (typeName: string, fieldName?: string) => {
      for (const element of closureOf(typeName, fieldName)) reached.add(element);
    };
    const typeInfo = new TypeInfo(schema);
    visit(
      document,
      visitWithTypeInfo(typeInfo, {
        SelectionSet: () => {
          const type = typeInfo.getParentType();
          if (type) add(type.name);
        },
        Field: ({ name }) => {
          const type = typeInfo.getParentType();
          if (type) add(type.name, name.value);
        },
      }),
    );
    const texts = [...reached].sort().map((element) => elements.digestOf(element));
    return createHash('sha256').update(prefix).update(texts.join()).digest('base64url');
  };
}

/** Definitions of a supergraph, each as a digest of its text. */
class Elements {
  readonly types = new Map<string, CompositeDefinition | UnionTypeDefinitionNode>();
  readonly #digests = new Map<string, string>();
  readonly #whole: string;

  constructor(servable: DocumentNode, schema: GraphQLSchema) {
    for (const node of servable.definitions) {
      if (!isCompositeDefinition(node) && node.kind !== Kind.UNION_TYPE_DEFINITION) continue;
      const name = node.name.value;
      this.types.set(name, node);
      this.#digests.set(name, digest(`${headerText(node)} ${possibleTypes(schema, name).join()}`));
      if (node.kind === Kind.UNION_TYPE_DEFINITION) continue;
      for (const field of node.fields ?? [])
        this.#digests.set(`${name}.${field.name.value}`, digest(fieldText(field)));
    }
    this.#whole = digest([...this.#digests.values()].join());
  }

  fieldOf(typeName: string, fieldName: string): FieldDefinitionNode | undefined {
    const type = this.types.get(typeName);
    if (type === undefined || type.kind === Kind.UNION_TYPE_DEFINITION) return undefined;
    return type.fields?.find(({ name }) => name.value === fieldName);
  }

  digestOf(element: string): string {
    return element === WHOLE ? this.#whole : `${element} ${this.#digests.get(element) ?? ''}`;
  }
}

/** Stands for all definitions, where the ones that a plan depends on are not known. */
const WHOLE = '*';

/** Collects the types and fields that a plan depends on because of one selected field. */
class Closure {
  /** Names of types and coordinates of fields. */
  readonly reached = new Set<string>();
  readonly #elements: Elements;
  readonly #schema: GraphQLSchema;

  constructor(elements: Elements, schema: GraphQLSchema) {
    this.#elements = elements;
    this.#schema = schema;
  }

  addType(name: string): void {
    for (const relative of relativesOf(name, this.#schema)) {
      if (this.reached.has(relative)) continue;
      this.reached.add(relative);
      for (const directive of this.#elements.types.get(relative)?.directives ?? []) {
        const key = argumentOf(directive, 'key');
        if (key !== undefined) this.#addFieldSet(parseFieldSet(key), relative);
      }
    }
  }

  addField(typeName: string, fieldName: string): void {
    this.addType(typeName);
    for (const relative of relativesOf(typeName, this.#schema)) {
      const coordinate = `${relative}.${fieldName}`;
      const field = this.#elements.fieldOf(relative, fieldName);
      if (field === undefined || this.reached.has(coordinate)) continue;
      this.reached.add(coordinate);
      const type = this.#typeOf(relative, fieldName);
      if (type !== undefined) this.addType(type);
      for (const join of field.directives ?? []) this.#addJoin(join, relative, type);
    }
  }

  #addJoin(join: ConstDirectiveNode, typeName: string, fieldType: string | undefined): void {
    const requires = argumentOf(join, 'requires');
    if (requires !== undefined) this.#addFieldSet(parseFieldSet(requires), typeName);
    const provides = argumentOf(join, 'provides');
    if (provides !== undefined && fieldType !== undefined)
      this.#addFieldSet(parseFieldSet(provides), fieldType);
    if (join.arguments?.some(({ name }) => name.value === 'contextArguments') === true)
      this.reached.add(WHOLE);
  }

  #addFieldSet({ selections }: SelectionSetNode, typeName: string): void {
    for (const selection of selections) {
      if (selection.kind === Kind.FRAGMENT_SPREAD) continue;
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        this.#addFieldSet(selection.selectionSet, selection.typeCondition?.name.value ?? typeName);
        continue;
      }
      this.addField(typeName, selection.name.value);
      const type = this.#typeOf(typeName, selection.name.value);
      if (selection.selectionSet !== undefined && type !== undefined)
        this.#addFieldSet(selection.selectionSet, type);
    }
  }

  #typeOf(typeName: string, fieldName: string): string | undefined {
    const type = this.#schema.getType(typeName);
    if (!isObjectType(type) && !isInterfaceType(type)) return undefined;
    return getNamedType(type.getFields()[fieldName]?.type)?.name;
  }
}

/** Returns a type, its possible types, all their interfaces, and the possible types of these. */
function relativesOf(typeName: string, schema: GraphQLSchema): ReadonlySet<string> {
  const possible = possibleTypes(schema, typeName);
  const interfaces = [typeName, ...possible].flatMap((name) => interfacesOf(schema, name));
  const others = interfaces.flatMap((name) => possibleTypes(schema, name));
  return new Set([typeName, ...possible, ...interfaces, ...others]);
}

function possibleTypes(schema: GraphQLSchema, typeName: string): readonly string[] {
  const type = schema.getType(typeName);
  return isAbstractType(type)
    ? schema
        .getPossibleTypes(type)
        .map(({ name }) => name)
        .toSorted()
    : [];
}

function interfacesOf(schema: GraphQLSchema, typeName: string): readonly string[] {
  const type = schema.getType(typeName);
  return isObjectType(type) || isInterfaceType(type) ? type.getInterfaces().map(({ name }) => name) : [];
}

/** Returns what every plan may depend on: the subgraphs, and the names that operations may not use. */
function globalText(servable: DocumentNode): string {
  const { reserved, contexts, shared, interfaceObjects } = prepareSupergraph(servable, {
    keys: 'resolvable',
  });
  return JSON.stringify([
    [...serviceNames(servable)],
    hasUnresolvableKeys(servable),
    ...[reserved, contexts, shared, interfaceObjects.keys()].map((names) => [...names].sort()),
  ]);
}

function headerText(node: DefinitionNode & { readonly directives?: readonly ConstDirectiveNode[] }): string {
  return print({ ...relevant(node), ...('fields' in node && { fields: [] }) });
}

function fieldText(field: FieldDefinitionNode): string {
  return print({ ...relevant(field), arguments: field.arguments?.map(relevant) ?? [] });
}

function relevant<Node extends { readonly directives?: readonly ConstDirectiveNode[] | undefined }>(
  node: Node,
): Node {
  const directives = node.directives?.filter(({ name }) => !IRRELEVANT.has(name.value)) ?? [];
  return { ...node, description: undefined, directives };
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}
