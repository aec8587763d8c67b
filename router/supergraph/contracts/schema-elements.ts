import { Kind } from 'graphql';
import type {
  ASTNode,
  ConstDirectiveNode,
  DocumentNode,
  FieldDefinitionNode,
  InputValueDefinitionNode,
  TypeDefinitionNode,
  TypeNode,
} from 'graphql';
import { featureNames } from './linked-directives.ts';
import { constantArguments } from '../../shared/graphql/constant-arguments.ts';

/** A type, field, argument or enum value of a supergraph. */
export type SchemaElement = {
  /** Schema coordinate, such as `Product.price`. */
  readonly coordinate: string;
  readonly kind: 'union' | 'outputField' | 'other';
  /**
   * Name of the type that contains the field, argument or enum value. For a type, it is the type's own name.
   */
  readonly parent: string;
  readonly tags: readonly string[];
  /** Names of the directives that are applied to the element. */
  readonly directives: ReadonlySet<string>;
};

export type TypeElement = {
  readonly name: string;
  /**
   * For an object, interface, input or enum type: coordinates of its fields or values. For a union: names of
   * its members. Empty for a scalar.
   */
  readonly members: readonly string[];
};

type Node = TypeDefinitionNode | FieldDefinitionNode | InputValueDefinitionNode | ASTNode;

const ROOTS = new Set(['Query', 'Mutation', 'Subscription']);

/**
 * The types, fields, arguments and enum values of a supergraph, without federation's own types such as
 * `join__Graph`.
 */
export class SchemaElements {
  readonly #elements = new Map<Node, SchemaElement>();
  readonly #types = new Map<string, TypeDefinitionNode>();
  /**
   * Names of the types at which the search for reachable types begins: the root types, and the types of
   * arguments of directives.
   */
  readonly #roots: ReadonlySet<string>;
  readonly #tag: string;

  /** `tag` is the name that the directive `@tag` has in the supergraph. */
  constructor(supergraph: DocumentNode, tag: string) {
    this.#tag = tag;
    const isFeature = featureNames(supergraph);
    for (const node of supergraph.definitions)
      if ('name' in node && isTypeDefinition(node) && !isFeature(node.name.value)) this.#add(node);
    const roots = supergraph.definitions.flatMap((node) =>
      node.kind === Kind.SCHEMA_DEFINITION ? node.operationTypes.map(({ type }) => type.name.value) : [],
    );
    const ofDirectives = supergraph.definitions.flatMap((node) =>
      node.kind === Kind.DIRECTIVE_DEFINITION
        ? (node.arguments ?? []).map(({ type }) => namedType(type))
        : [],
    );
    this.#roots = new Set([...(roots.length > 0 ? roots : ROOTS), ...ofDirectives]);
  }

  all(): readonly SchemaElement[] {
    return [...this.#elements.values()];
  }

  types(): readonly TypeElement[] {
    return [...this.#types.values()].map((node) => ({ name: node.name.value, members: membersOf(node) }));
  }

  ofNode(node: ASTNode): SchemaElement | undefined {
    return this.#elements.get(node);
  }

  tagsOfType(name: string): readonly string[] {
    const node = this.#types.get(name);
    return (node && this.#elements.get(node)?.tags) ?? [];
  }

  /**
   * Returns the names of the types that can be reached from the root types, or from the types of arguments of
   * directives, without passing a hidden field, argument or type.
   */
  reachable(hidden: ReadonlySet<string>): ReadonlySet<string> {
    const reached = new Set<string>();
    const waiting = [...this.#roots];
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      const node = this.#types.get(name);
      if (node === undefined || reached.has(name) || hidden.has(name)) continue;
      reached.add(name);
      waiting.push(...this.#neighbours(node, hidden));
    }
    return reached;
  }

  #neighbours(node: TypeDefinitionNode, hidden: ReadonlySet<string>): readonly string[] {
    const name = node.name.value;
    const shown = (one: FieldDefinitionNode | InputValueDefinitionNode) =>
      !hidden.has(`${name}.${one.name.value}`);
    switch (node.kind) {
      case Kind.OBJECT_TYPE_DEFINITION:
      case Kind.INTERFACE_TYPE_DEFINITION: {
        const fields = (node.fields ?? []).filter(shown);
        const args = fields.flatMap((field) =>
          (field.arguments ?? []).filter((arg) => !hidden.has(argumentCoordinate(name, field, arg))),
        );
        const interfaces = (node.interfaces ?? []).map((one) => one.name.value);
        const objects = node.kind === Kind.INTERFACE_TYPE_DEFINITION ? this.#implementing(name) : [];
        return [...[...fields, ...args].map(({ type }) => namedType(type)), ...interfaces, ...objects];
      }
      case Kind.UNION_TYPE_DEFINITION:
        return membersOf(node);
      case Kind.INPUT_OBJECT_TYPE_DEFINITION:
        return (node.fields ?? []).filter(shown).map(({ type }) => namedType(type));
      case Kind.ENUM_TYPE_DEFINITION:
      case Kind.SCALAR_TYPE_DEFINITION:
        return [];
    }
  }

  #implementing(name: string): readonly string[] {
    return [...this.#types.values()].flatMap((node) =>
      'interfaces' in node && (node.interfaces ?? []).some((one) => one.name.value === name)
        ? [node.name.value]
        : [],
    );
  }

  #add(node: TypeDefinitionNode): void {
    const name = node.name.value;
    this.#types.set(name, node);
    this.#addElement(node, {
      coordinate: name,
      kind: node.kind === Kind.UNION_TYPE_DEFINITION ? 'union' : 'other',
      parent: name,
    });
    if (node.kind === Kind.ENUM_TYPE_DEFINITION)
      for (const value of node.values ?? []) this.#addMember(value, name, 'other');
    if (!('fields' in node)) return;
    for (const field of node.fields ?? []) {
      const isOutput = field.kind === Kind.FIELD_DEFINITION;
      this.#addMember(field, name, isOutput ? 'outputField' : 'other');
      for (const arg of isOutput ? (field.arguments ?? []) : [])
        this.#addElement(arg, {
          coordinate: argumentCoordinate(name, field, arg),
          kind: 'other',
          parent: name,
        });
    }
  }

  #addMember(
    node: ASTNode & { readonly name: { readonly value: string } },
    parent: string,
    kind: SchemaElement['kind'],
  ): void {
    this.#addElement(node, { coordinate: `${parent}.${node.name.value}`, kind, parent });
  }

  #addElement(node: ASTNode, element: Pick<SchemaElement, 'coordinate' | 'kind' | 'parent'>): void {
    const directives = 'directives' in node ? (node.directives as readonly ConstDirectiveNode[]) : [];
    const tags = directives
      .filter(({ name }) => name.value === this.#tag)
      .map((directive) => String(constantArguments(directive)['name']));
    this.#elements.set(node, {
      ...element,
      tags,
      directives: new Set(directives.map(({ name }) => name.value)),
    });
  }
}

function isTypeDefinition(node: ASTNode): node is TypeDefinitionNode {
  return node.kind.endsWith('TypeDefinition');
}

function membersOf(node: TypeDefinitionNode): readonly string[] {
  if (node.kind === Kind.UNION_TYPE_DEFINITION) return (node.types ?? []).map(({ name }) => name.value);
  const members = 'fields' in node ? node.fields : 'values' in node ? node.values : [];
  return (members ?? []).map((member) => `${node.name.value}.${member.name.value}`);
}

function argumentCoordinate(
  type: string,
  field: FieldDefinitionNode | InputValueDefinitionNode,
  argument: InputValueDefinitionNode,
): string {
  return `${type}.${field.name.value}(${argument.name.value}:)`;
}

function namedType(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : namedType(type.type);
}
