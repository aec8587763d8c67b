import { parse, print } from 'graphql';
import type { DocumentNode } from 'graphql';
import { describeGraph } from '../../apollo/describe-graph.ts';
import type { Graph } from '../../apollo/describe-graph.ts';
import { extractAuthDirectives } from '../../authorization/extract-auth-directives.ts';
import type { Requirements } from '../../authorization/requirement.ts';
import { createHiddenDefaults } from '../../shared/graphql/hidden-defaults.ts';
import type { HiddenDefaults } from '../../shared/graphql/hidden-defaults.ts';
import { formatFinding } from '../finding.ts';
import type { Finding } from '../finding.ts';
import { SupergraphRejected } from '../rejection.ts';
import { withoutContextPurpose } from './context-link.ts';
import { withoutIgnoredFeatures } from './ignored-features.ts';
import { unsupportedFeatures } from './unsupported-features.ts';

/** A supergraph with everything that is read from its SDL alone, without the router's configuration. */
export type ReadSupergraph = {
  readonly graph: Graph;
  /** The supergraph document without the directives that the router ignores or enforces itself. */
  readonly document: DocumentNode;
  /**
   * The supergraph `document`, with placeholders in place of the default values of custom scalars, which
   * Apollo's libraries would change.
   */
  readonly servable: DocumentNode;
  /** SDL of the supergraph for Apollo's gateway and planner: the document `servable` as text. */
  readonly servableSdl: string;
  readonly defaults: HiddenDefaults;
  readonly requirements: Requirements;
  /** One warning for each feature that the router ignores. */
  readonly warnings: readonly Finding[];
};

/**
 * Reads a supergraph from its SDL.
 * @throws {SupergraphRejected} if the supergraph requires a feature that the router does not support
 * @throws {Error} if the text is not a valid supergraph
 */
export function readSupergraph(supergraphSdl: string): ReadSupergraph {
  const published = parse(supergraphSdl, { noLocation: true });
  const unsupported = unsupportedFeatures(published);
  if (unsupported.length > 0) throw new SupergraphRejected(unsupported.map(formatFinding));

  const { document: relevant, warnings } = withoutIgnoredFeatures(published);
  const { document, requirements } = extractAuthDirectives(relevant);
  const defaults = createHiddenDefaults();
  const servable = withoutContextPurpose(defaults.hide(document));
  return {
    graph: describeGraph({ published: supergraphSdl, servable, defaults }),
    document,
    servable,
    servableSdl: servable === published ? supergraphSdl : print(servable),
    defaults,
    requirements,
    warnings,
  };
}
