import { composeServices, validateSatisfiability } from '@apollo/composition';
import type { CompositionHint } from '@apollo/composition/dist/hints.js';
import { GraphQLError, parse } from 'graphql';
import type { ASTNode, DocumentNode } from 'graphql';
import { messageOf } from '../shared/error-message.ts';
import { createHiddenDefaults } from '../shared/graphql/hidden-defaults.ts';
import type { Finding } from './finding.ts';

/** A subgraph schema to compose. `place` is the location of its SDL, such as a file path, for messages. */
export type SubgraphSchema = {
  readonly name: string;
  readonly url: string | undefined;
  readonly sdl: string;
  readonly place: string;
};

/** Result of composition: a supergraph SDL, or the errors. */
export type Composition =
  | { readonly kind: 'composed'; readonly supergraphSdl: string; readonly findings: readonly Finding[] }
  | { readonly kind: 'failed'; readonly findings: readonly Finding[] };

/** Composes subgraph schemas into a supergraph SDL and checks that it is satisfiable. */
export function compose(subgraphs: readonly SubgraphSchema[]): Composition {
  const unparsable: Finding[] = [];
  const defaults = createHiddenDefaults();
  const services: { name: string; url: string; typeDefs: DocumentNode }[] = [];
  for (const { name, url, sdl, place } of subgraphs) {
    if (url === undefined)
      unparsable.push({
        severity: 'error',
        code: 'NO_ROUTING_URL',
        message: 'has no routing_url',
        subgraph: name,
        place,
      });
    try {
      services.push({ name, url: url ?? '', typeDefs: defaults.hide(parse(sdl)) });
    } catch (error) {
      unparsable.push(syntaxFinding(error, { subgraph: name, place }));
    }
  }
  if (unparsable.length > 0) return { kind: 'failed', findings: unparsable };

  const places = new Map(subgraphs.map(({ name, place }) => [name, place]));
  const shown = (finding: Finding): Finding => ({ ...finding, message: defaults.show(finding.message) });
  const result = tryCompose(services);
  if (result.errors !== undefined) {
    return { kind: 'failed', findings: result.errors.map((error) => shown(errorFinding(error, places))) };
  }
  return {
    kind: 'composed',
    supergraphSdl: defaults.show(result.supergraphSdl),
    findings: result.hints.map((hint) => shown(hintFinding(hint, places))),
  };
}

/**
 * Composes subgraphs. Errors that the composition library throws are returned in the same way as those that
 * it returns.
 */
function tryCompose(services: Parameters<typeof composeServices>[0]): ReturnType<typeof composeServices> {
  try {
    return composeServices(services);
  } catch (error) {
    if (error instanceof GraphQLError) return { errors: [error] };
    throw error;
  }
}

/**
 * Returns an error for each query that the schema of a composed supergraph allows, but that its subgraphs
 * cannot resolve.
 */
export function checkSatisfiable(supergraphSdl: string): readonly Finding[] {
  try {
    const { errors = [] } = validateSatisfiability({ supergraphSdl });
    return errors.map((error) => errorFinding(error, new Map()));
  } catch (error) {
    return [syntaxFinding(error)];
  }
}

function syntaxFinding(error: unknown, origin: Pick<Finding, 'subgraph' | 'place'> = {}): Finding {
  const line = error instanceof GraphQLError ? error.locations?.[0]?.line : undefined;
  return {
    severity: 'error',
    code: 'INVALID_GRAPHQL',
    message: messageOf(error),
    ...origin,
    ...(line === undefined ? {} : { line }),
  };
}

function errorFinding(error: GraphQLError, places: ReadonlyMap<string, string>): Finding {
  const code = error.extensions['code'];
  return {
    severity: 'error',
    code: typeof code === 'string' ? code : 'INVALID_GRAPHQL',
    message: error.message,
    ...origin(error.nodes?.[0], places),
    ...coordinateIn(error.message),
  };
}

function hintFinding(hint: CompositionHint, places: ReadonlyMap<string, string>): Finding {
  return {
    severity: 'hint',
    code: hint.definition.code,
    message: hint.message,
    ...origin(hint.nodes?.[0], places),
    ...(hint.coordinate === undefined ? coordinateIn(hint.message) : { coordinate: hint.coordinate }),
  };
}

function origin(
  node: (ASTNode & { readonly subgraph?: string }) | undefined,
  places: ReadonlyMap<string, string>,
): Partial<Finding> {
  const subgraph = node?.subgraph;
  if (subgraph === undefined) return {};
  const place = places.get(subgraph);
  const line = node?.loc?.startToken.line;
  return { subgraph, ...(place === undefined ? {} : { place }), ...(line === undefined ? {} : { line }) };
}

// Returns the schema coordinate, such as `Product.price`, that a composition message is about. It is taken
// from the quotes in the message, because the library does not report it separately.
function coordinateIn(message: string): Partial<Finding> {
  const coordinate = /"(@?[A-Z_a-z]\w*(?:\.\w+(?:\(\w+:\))?)?)"/.exec(message)?.[1];
  return coordinate === undefined ? {} : { coordinate };
}
