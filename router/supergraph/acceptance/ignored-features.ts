import { visit } from 'graphql';
import type { ConstDirectiveNode, DocumentNode } from 'graphql';
import { readLinks } from '../../authorization/security-links.ts';
import type { Link } from '../../authorization/security-links.ts';
import type { Finding } from '../finding.ts';
import { appliesFeature, usesOf } from './feature-uses.ts';

/**
 * Features (specifications that the supergraph imports by `@link`) that the router ignores, each with the
 * text of a warning. Supergraphs declare these features as necessary for execution, although the features
 * change no response.
 */
const IGNORED: ReadonlyMap<string, string> = new Map([
  ['https://specs.apollo.dev/cacheTag', 'the router has no cache that could be invalidated by tags'],
]);

/** A supergraph after the removal of all features that the router ignores. */
export type WithoutIgnoredFeatures = {
  readonly document: DocumentNode;
  /** One warning for each removed feature. */
  readonly warnings: readonly Finding[];
};

/** Returns whether the router ignores a feature of a supergraph. A feature for security is never ignored. */
export function isIgnored({ identity, purpose }: Pick<Link, 'identity' | 'purpose'>): boolean {
  return IGNORED.has(identity) && purpose !== 'SECURITY';
}

/**
 * Removes the features that the router ignores from a supergraph, because Apollo's gateway rejects a
 * supergraph with a feature that it does not know.
 */
export function withoutIgnoredFeatures(document: DocumentNode): WithoutIgnoredFeatures {
  const links = readLinks(document).filter(isIgnored);
  if (links.length === 0) return { document, warnings: [] };
  const nodes = new Set(links.map(({ node }) => node));
  const isApplied = (node: ConstDirectiveNode) => links.some((link) => appliesFeature(node, link));
  const servable = visit(document, {
    // The type assertion is safe: in a supergraph only type definitions have directives, and these take
    // constant arguments.
    Directive: (node) =>
      nodes.has(node as ConstDirectiveNode) || isApplied(node as ConstDirectiveNode) ? null : undefined,
    DirectiveDefinition: ({ name }) =>
      links.some(({ namespace }) => name.value.split('__')[0] === namespace) ? null : undefined,
  });
  return {
    document: servable,
    warnings: links.map((link) => ({
      severity: 'warning',
      code: 'FEATURE_IGNORED',
      message: `${IGNORED.get(link.identity)}, so @${link.namespace} (${link.url}) is ignored${usesOf(link, document)}`,
    })),
  };
}
