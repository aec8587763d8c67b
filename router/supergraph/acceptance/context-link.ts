import { visit } from 'graphql';
import type { ConstDirectiveNode, DocumentNode } from 'graphql';
import { readLinks } from '../../authorization/security-links.ts';

/** URL of the only version of `@context` that the router executes. */
export const CONTEXT_URL = 'https://specs.apollo.dev/context/v0.1';

/**
 * Removes the purpose (`for:`) from the `@link` of `@context`. The router executes `@context`, but reads the
 * supergraph with Apollo's library, which rejects unsupported features that have a purpose.
 */
export function withoutContextPurpose(document: DocumentNode): DocumentNode {
  const links = readLinks(document).filter(
    ({ url, purpose }) => url === CONTEXT_URL && purpose !== undefined,
  );
  if (links.length === 0) return document;
  const nodes = new Set(links.map(({ node }) => node));
  return visit(document, {
    Directive: (node) =>
      nodes.has(node as ConstDirectiveNode)
        ? { ...node, arguments: (node.arguments ?? []).filter(({ name }) => name.value !== 'for') }
        : undefined,
  });
}
