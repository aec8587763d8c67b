import { Kind } from 'graphql';
import type { ConstDirectiveNode, DefinitionNode, DocumentNode } from 'graphql';
import type { Link } from '../../authorization/security-links.ts';
import { constantArguments } from '../../shared/graphql/constant-arguments.ts';

const MAX_PLACES = 5;

/**
 * Returns the end of an error message about a feature, which lists where its directives are used, such as `,
 * used by Product.price`. Returns an empty text if they are not used.
 */
export function usesOf(link: Link, document: DocumentNode): string {
  const places = document.definitions.flatMap((definition) => placesIn(definition, link));
  if (places.length === 0) return '';
  const more = places.length > MAX_PLACES ? ` and ${places.length - MAX_PLACES} more` : '';
  return `, used by ${places.slice(0, MAX_PLACES).join(', ')}${more}`;
}

function placesIn(definition: DefinitionNode, link: Link): readonly string[] {
  if (!('name' in definition) || definition.name === undefined) return [];
  if (definition.kind === Kind.DIRECTIVE_DEFINITION) return [];
  const name = definition.name.value;
  const fields = 'fields' in definition ? (definition.fields ?? []) : [];
  const own = uses(definition.directives, link) ? [name] : [];
  const ofFields = fields.filter(({ directives }) => uses(directives, link));
  return [...own, ...ofFields.map((field) => `${name}.${field.name.value}`)];
}

function uses(
  directives: readonly { readonly name: { readonly value: string } }[] = [],
  link: Link,
): boolean {
  return (directives as readonly ConstDirectiveNode[]).some((directive) => appliesFeature(directive, link));
}

/**
 * Returns whether a directive belongs to a feature (a specification that the supergraph imports by `@link`).
 * The directives of some features appear in a supergraph as `@join__directive(name:)`. There `name` is the
 * directive's name in the subgraph.
 */
export function appliesFeature(directive: ConstDirectiveNode, { namespace }: Link): boolean {
  const { value } = directive.name;
  const name = value === 'join__directive' ? constantArguments(directive)['name'] : value;
  return typeof name === 'string' && name.split('__').includes(namespace);
}
