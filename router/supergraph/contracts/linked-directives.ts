import type { DocumentNode } from 'graphql';
import { readLinks } from '../../authorization/security-links.ts';

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

/** Returns a check for names of linked features, such as `join__Graph`. Other names may contain `__` too. */
export function featureNames(supergraph: DocumentNode): (name: string) => boolean {
  const prefixes = readLinks(supergraph).map(({ namespace }) => `${namespace}__`);
  return (name) => prefixes.some((prefix) => name.startsWith(prefix));
}
