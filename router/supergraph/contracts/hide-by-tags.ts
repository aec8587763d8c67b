import { Kind, parse, visit } from 'graphql';
import type { ConstDirectiveNode, DefinitionNode, DocumentNode } from 'graphql';
import { SchemaElements } from './schema-elements.ts';
import type { SchemaElement } from './schema-elements.ts';
import { linkedDirectives } from './linked-directives.ts';

/** The rules by which a contract selects a part of the supergraph as its schema. */
export type TagRules = {
  /** Tags of which a field or its type must have one to be visible; if empty, all fields are visible. */
  readonly include: readonly string[];
  /** Tags that hide a type, field, argument or enum value, even if it also has a tag of `include`. */
  readonly exclude: readonly string[];
  /** Whether to hide types that clients cannot reach through visible fields. */
  readonly hideUnreachable: boolean;
};

/** Returns the tags that a supergraph uses. */
export function tagsOf(supergraph: DocumentNode): ReadonlySet<string> {
  const { tag } = linkedDirectives(supergraph);
  return new Set(new SchemaElements(supergraph, tag).all().flatMap(({ tags }) => tags));
}

/**
 * Adds `@inaccessible` to everything that a contract hides: elements with an excluded tag, fields without an
 * included tag on them or their type, types whose members are all hidden and, if `hideUnreachable` is set,
 * types that clients cannot reach.
 */
export function hideByTags(supergraph: DocumentNode, rules: TagRules): DocumentNode {
  const names = linkedDirectives(supergraph);
  const elements = new SchemaElements(supergraph, names.tag);
  const hidden = new Set<string>();
  for (const element of elements.all())
    if (element.directives.has(names.inaccessible) || isHidden(element, rules, elements))
      hidden.add(element.coordinate);
  hideEmptyTypes(elements, hidden);
  if (rules.hideUnreachable) {
    const reachable = elements.reachable(hidden);
    for (const { name } of elements.types()) if (!reachable.has(name)) hidden.add(name);
  }
  return withDirective(supergraph, { hidden, elements, ...names });
}

function isHidden(element: SchemaElement, { include, exclude }: TagRules, elements: SchemaElements): boolean {
  const has = (tags: readonly string[]) => element.tags.some((tag) => tags.includes(tag));
  if (has(exclude)) return true;
  if (include.length === 0 || element.kind === 'other') return false;
  return !has(include) && !elements.tagsOfType(element.parent).some((tag) => include.includes(tag));
}

/**
 * Hides types whose fields, enum values or union members are all hidden. This is repeated until nothing
 * changes, because hiding a member of a union may leave the union empty.
 */
function hideEmptyTypes(elements: SchemaElements, hidden: Set<string>): void {
  const isEmpty = ({ name, members }: { readonly name: string; readonly members: readonly string[] }) =>
    !hidden.has(name) && members.length > 0 && members.every((member) => hidden.has(member));
  for (let found = true; found;) {
    const empty = elements.types().filter(isEmpty);
    for (const { name } of empty) hidden.add(name);
    found = empty.length > 0;
  }
}

type Hiding = {
  readonly hidden: ReadonlySet<string>;
  readonly elements: SchemaElements;
  readonly inaccessible: string;
  readonly isInaccessibleLinked: boolean;
};

function withDirective(document: DocumentNode, hiding: Hiding): DocumentNode {
  const { hidden, elements, inaccessible, isInaccessibleLinked } = hiding;
  const directive = directiveOf(`@${inaccessible}`);
  const marked = visit(document, {
    enter(node) {
      const element = elements.ofNode(node);
      if (element === undefined || !hidden.has(element.coordinate)) return undefined;
      if (element.directives.has(inaccessible) || !('directives' in node)) return undefined;
      const directives = (node.directives ?? []) as readonly ConstDirectiveNode[];
      return { ...node, directives: [...directives, directive] };
    },
  });
  return isInaccessibleLinked ? marked : withLink(marked);
}

const INACCESSIBLE = parse(`
  directive @inaccessible on FIELD_DEFINITION | OBJECT | INTERFACE | UNION | ARGUMENT_DEFINITION | SCALAR
    | ENUM | ENUM_VALUE | INPUT_OBJECT | INPUT_FIELD_DEFINITION
`).definitions;

function withLink(document: DocumentNode): DocumentNode {
  const link = directiveOf('@link(url: "https://specs.apollo.dev/inaccessible/v0.2", for: SECURITY)');
  const definitions = document.definitions.map((definition): DefinitionNode =>
    definition.kind === Kind.SCHEMA_DEFINITION
      ? { ...definition, directives: [...(definition.directives ?? []), link] }
      : definition,
  );
  return { ...document, definitions: [...definitions, ...INACCESSIBLE] };
}

function directiveOf(text: string): ConstDirectiveNode {
  const [definition] = parse(`scalar S ${text}`, { noLocation: true }).definitions;
  const directive = definition?.kind === Kind.SCALAR_TYPE_DEFINITION ? definition.directives?.[0] : undefined;
  if (directive === undefined) throw new Error(`bug: ${text} is not a directive`);
  return directive;
}
