import { DEFAULT_SUPPORTED_SUPERGRAPH_FEATURES } from '@apollo/federation-internals';
import { Kind } from 'graphql';
import type { ConstDirectiveNode, DefinitionNode, DocumentNode } from 'graphql';
import { readLinks } from '../../authorization/security-links.ts';
import type { Link } from '../../authorization/security-links.ts';
import type { Finding } from '../compose.ts';
import { constantArguments } from '../../shared/graphql/constant-arguments.ts';

const MAX_PLACES = 5;

/**
 * Returns errors for the features that a supergraph requires for execution or security and that the router
 * does not support.
 */
export function unsupportedFeatures(document: DocumentNode): readonly Finding[] {
  return readLinks(document)
    .filter(
      ({ purpose, url, isEnforced }) =>
        purpose !== undefined && !isEnforced && !DEFAULT_SUPPORTED_SUPERGRAPH_FEATURES.has(url),
    )
    .map((link) => ({
      severity: 'error',
      code: 'UNSUPPORTED_FEATURE',
      message: `the router does not support @${link.namespace} (${link.url})${usesOf(link, document)}`,
    }));
}

function usesOf(link: Link, document: DocumentNode): string {
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

/**
 * Returns whether directives apply a feature. Some features are applied as `@join__directive(name:)`, with
 * the name that a subgraph uses for them.
 */
function uses(
  directives: readonly { readonly name: { readonly value: string } }[] = [],
  link: Link,
): boolean {
  return (directives as readonly ConstDirectiveNode[]).some((directive) => {
    const { value } = directive.name;
    const name = value === 'join__directive' ? constantArguments(directive)['name'] : value;
    return typeof name === 'string' && name.split('__').includes(link.namespace);
  });
}
