import { Kind } from 'graphql';
import type { DocumentNode } from 'graphql';
import { constantArguments } from '../../shared/graphql/constant-arguments.ts';

/** The names that a supergraph uses for `@tag` and `@inaccessible`. */
export type LinkedDirectives = {
  readonly tag: string;
  readonly inaccessible: string;
  readonly isInaccessibleLinked: boolean;
};

/**
 * Reads the names from the `@link` directives of a supergraph. A link may rename a directive:
 * `@link(url: "…/tag/v0.3", as: "label")`.
 */
export function linkedDirectives(supergraph: DocumentNode): LinkedDirectives {
  const names = new Map<string, string>();
  for (const definition of supergraph.definitions) {
    if (definition.kind !== Kind.SCHEMA_DEFINITION && definition.kind !== Kind.SCHEMA_EXTENSION) continue;
    for (const directive of definition.directives ?? []) {
      const { url, as } = constantArguments(directive);
      const [, name] = /^https:\/\/specs\.apollo\.dev\/(tag|inaccessible)\//.exec(String(url)) ?? [];
      if (name !== undefined) names.set(name, typeof as === 'string' ? as : name);
    }
  }
  return {
    tag: names.get('tag') ?? 'tag',
    inaccessible: names.get('inaccessible') ?? 'inaccessible',
    isInaccessibleLinked: names.has('inaccessible'),
  };
}
