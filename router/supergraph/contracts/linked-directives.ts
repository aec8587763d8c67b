import type { DocumentNode } from 'graphql';
import { readLinks } from '../../authorization/security-links.ts';

/** The names that the directives `@tag` and `@inaccessible` have in a supergraph. */
export type LinkedDirectives = {
  readonly tag: string;
  readonly inaccessible: string;
  readonly isInaccessibleLinked: boolean;
};

/**
 * Reads the names of `@tag` and `@inaccessible` from the `@link` directives of a supergraph. A link may
 * rename a directive: `@link(url: "…/tag/v0.3", as: "label")`.
 */
export function linkedDirectives(supergraph: DocumentNode): LinkedDirectives {
  const links = readLinks(supergraph);
  const nameOf = (feature: string) => {
    const link = links.find(({ identity }) => identity === `https://specs.apollo.dev/${feature}`);
    return link?.imports.get(`@${feature}`) ?? link?.namespace;
  };
  const inaccessible = nameOf('inaccessible');
  return {
    tag: nameOf('tag') ?? 'tag',
    inaccessible: inaccessible ?? 'inaccessible',
    isInaccessibleLinked: inaccessible !== undefined,
  };
}

/**
 * Returns a function that recognizes names such as `join__Graph`, which belong to a federation feature. Only
 * prefixes that a `@link` defines count, because other names may contain `__` too.
 */
export function featureNames(supergraph: DocumentNode): (name: string) => boolean {
  const prefixes = readLinks(supergraph).map(({ namespace }) => `${namespace}__`);
  return (name) => prefixes.some((prefix) => name.startsWith(prefix));
}
