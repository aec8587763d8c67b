import { Kind, valueFromASTUntyped, visit } from 'graphql';
import type { ASTNode, ConstDirectiveNode, DocumentNode } from 'graphql';
import { rejectBareInterfaces } from './interface-requirements.ts';
import type { Alternatives, Requirement, Requirements } from './requirement.ts';
import { readSecurityLinks } from './security-links.ts';
import type { EnforcedDirective, SecurityLinks } from './security-links.ts';

/** A supergraph without authorization directives, and the requirements that the directives declared. */
export type ExtractedSupergraph = {
  /**
   * The supergraph without its authorization directives. Apollo Gateway would reject them, because it cannot
   * enforce them.
   */
  readonly document: DocumentNode;
  readonly requirements: Requirements;
};

/**
 * Removes `@authenticated`, `@requiresScopes` and `@policy` from a supergraph and returns their requirements.
 * @throws {Error} if it has a requirement that the router cannot enforce
 */
export function extractAuthDirectives(document: DocumentNode): ExtractedSupergraph {
  const links = readSecurityLinks(document);
  if (links.nodes.size === 0) return { document, requirements: new Map() };
  const requirements = readRequirements(document, links);
  rejectBareInterfaces(document, requirements);
  return { document: withoutAuthorization(document, links), requirements };
}

function withoutAuthorization(document: DocumentNode, { nodes, directives, scalars }: SecurityLinks) {
  return visit(document, {
    Directive: (node) =>
      nodes.has(node as ConstDirectiveNode) || directives.has(node.name.value) ? null : undefined,
    DirectiveDefinition: ({ name }) => (directives.has(name.value) ? null : undefined),
    ScalarTypeDefinition: ({ name }) => (scalars.has(name.value) ? null : undefined),
  });
}

function readRequirements(document: DocumentNode, { directives }: SecurityLinks): Requirements {
  const demands = new Map<string, Demand[]>();
  const read = (coordinate: string, node: ASTNode) => {
    const found = directivesOf(node).flatMap((directive) => {
      const enforced = directives.get(directive.name.value);
      return enforced === undefined ? [] : [readDemand(enforced, directive, coordinate)];
    });
    if (found.length > 0) demands.set(coordinate, [...(demands.get(coordinate) ?? []), ...found]);
  };
  for (const node of document.definitions) {
    if (!('name' in node) || node.name === undefined || node.kind === Kind.DIRECTIVE_DEFINITION) continue;
    read(node.name.value, node);
    if (!('fields' in node)) continue;
    for (const field of node.fields ?? []) read(`${node.name.value}.${field.name.value}`, field);
  }
  return internRequirements(demands);
}

function directivesOf(node: ASTNode): readonly ConstDirectiveNode[] {
  return 'directives' in node ? ((node.directives ?? []) as readonly ConstDirectiveNode[]) : [];
}

type Demand = { readonly enforced: EnforcedDirective; readonly alternatives: Alternatives };

const ARGUMENTS = { requiresScopes: 'scopes', policy: 'policies' } as const;

function readDemand(enforced: EnforcedDirective, directive: ConstDirectiveNode, coordinate: string): Demand {
  if (enforced === 'authenticated') return { enforced, alternatives: [] };
  const argument = directive.arguments?.find(({ name }) => name.value === ARGUMENTS[enforced]);
  const alternatives = argument && readAlternatives(valueFromASTUntyped(argument.value));
  if (alternatives === undefined)
    throw new Error(
      `the arguments of @${directive.name.value} on ${coordinate} must be a list of lists of names`,
    );
  return { enforced, alternatives };
}

/**
 * Reads the argument of a directive with the list coercion of GraphQL: `"a"` is `[["a"]]`, and `["a", "b"]`
 * is `[["a"], ["b"]]`.
 */
function readAlternatives(value: unknown): Alternatives | undefined {
  const outer: readonly unknown[] = Array.isArray(value) ? value : [value];
  const alternatives = outer.map((inner): readonly unknown[] => (Array.isArray(inner) ? inner : [inner]));
  return alternatives.every((names) => names.every((name) => typeof name === 'string'))
    ? alternatives
    : undefined;
}

/** Replaces equal requirements by one object, so that they are evaluated only once for an operation. */
function internRequirements(demands: ReadonlyMap<string, readonly Demand[]>): Requirements {
  const known = new Map<string, Requirement>();
  const intern = (requirement: Requirement): Requirement => {
    const key = JSON.stringify(requirement);
    const same = known.get(key) ?? requirement;
    known.set(key, same);
    return same;
  };
  const alternativesOf = (found: readonly Demand[], kind: EnforcedDirective) =>
    found.filter(({ enforced }) => enforced === kind).map(({ alternatives }) => alternatives);
  return new Map(
    [...demands].map(([coordinate, found]) => [
      coordinate,
      intern({
        authenticated: found.some(({ enforced }) => enforced === 'authenticated'),
        scopes: alternativesOf(found, 'requiresScopes'),
        policies: alternativesOf(found, 'policy'),
      }),
    ]),
  );
}
