import { visit } from 'graphql';
import type { ConstDirectiveNode, DocumentNode } from 'graphql';
import { readLinks } from '../../authorization/security-links.ts';

/** URL of the only version of `@context` that the router executes. */
export const CONTEXT_URL = 'https://specs.apollo.dev/context/v0.1';

/**
 * Removes the purpose `SECURITY` from the `@link` that imports `@context`. The router executes `@context`,
 * but Apollo's gateway would reject the supergraph: it rejects any feature with a purpose that it does not
 * support.
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
