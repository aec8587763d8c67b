import { DEFAULT_SUPPORTED_SUPERGRAPH_FEATURES } from '@apollo/federation-internals';
import type { DocumentNode } from 'graphql';
import { readLinks } from '../../authorization/security-links.ts';
import type { Finding } from '../finding.ts';
import { usesOf } from './feature-uses.ts';
import { CONTEXT_URL } from './context-link.ts';
import { isIgnored } from './ignored-features.ts';

/** Advice on what to do instead of using an unsupported feature, by the URL of the feature. */
const INSTEAD: ReadonlyMap<string, string> = new Map([
  [
    'https://specs.apollo.dev/connect',
    'serve the REST API with a GraphQL server of its own, or compose the supergraph without this subgraph',
  ],
]);

/**
 * Returns errors for the features that a supergraph requires for execution or security and that the router
 * does not support.
 */
export function unsupportedFeatures(document: DocumentNode): readonly Finding[] {
  return readLinks(document)
    .filter(
      (link) =>
        link.purpose !== undefined &&
        !link.isEnforced &&
        !isIgnored(link) &&
        link.url !== CONTEXT_URL &&
        !DEFAULT_SUPPORTED_SUPERGRAPH_FEATURES.has(link.url),
    )
    .map((link) => {
      const { namespace, url, identity } = link;
      const instead = INSTEAD.get(identity);
      return {
        severity: 'error',
        code: 'UNSUPPORTED_FEATURE',
        message: `the router does not support @${namespace} (${url})${usesOf(link, document)}${instead === undefined ? '' : `: ${instead}`}`,
      };
    });
}
