import { Kind, valueFromASTUntyped } from 'graphql';
import type { ConstDirectiveNode, DocumentNode } from 'graphql';

/** Names of the authorization directives that the router enforces. */
export type EnforcedDirective = 'authenticated' | 'requiresScopes' | 'policy';

/**
 * The authorization directives of a supergraph. Their names may differ from the specification, because
 * `@link` can rename them.
 */
export type SecurityLinks = {
  readonly directives: ReadonlyMap<string, EnforcedDirective>;
  /** Names of the scalars that the specifications define for arguments, such as `federation__Scope`. */
  readonly scalars: ReadonlySet<string>;
  readonly nodes: ReadonlySet<ConstDirectiveNode>;
};

/** A `@link` of a supergraph, by which it imports a specification such as `authenticated`. */
export type Link = {
  readonly node: ConstDirectiveNode;
  readonly url: string;
  readonly identity: string;
  readonly version: string;
  /**
   * Prefix of the specification's names that the `@link` does not import. For example, `join` is the prefix
   * in `@join__field`.
   */
  readonly namespace: string;
  readonly purpose: string | undefined;
  /** True if the router enforces the directives of this specification, such as `@authenticated`. */
  readonly isEnforced: boolean;
  /** Maps names in the specification to names in the supergraph. Names of directives begin with `@`. */
  readonly imports: ReadonlyMap<string, string>;
};

const SPECIFICATIONS = 'https://specs.apollo.dev/';

const SCALARS: Readonly<Record<EnforcedDirective, string | undefined>> = {
  authenticated: undefined,
  requiresScopes: 'Scope',
  policy: 'Policy',
};

/**
 * Specifications that a supergraph may link `for: SECURITY`, although this module does not enforce them:
 * Apollo Gateway removes `@inaccessible` elements from the API schema, and query plans pass the values of
 * `@context` to subgraphs.
 */
const OTHERS: ReadonlySet<string> = new Set([`${SPECIFICATIONS}inaccessible`, `${SPECIFICATIONS}context`]);

/**
 * Reads the authorization directives that a supergraph links.
 * @throws {Error} if the supergraph links an unknown security feature, or uses a security directive without a
 * link
 */
export function readSecurityLinks(document: DocumentNode): SecurityLinks {
  const links = readLinks(document);
  const directives = new Map<string, EnforcedDirective>();
  const scalars = new Set<string>();
  const nodes = new Set<ConstDirectiveNode>();
  for (const link of links) {
    const enforced = enforcedBy(link);
    if (enforced === undefined) continue;
    nodes.add(link.node);
    const { namespace, imports } = link;
    const names = [imports.get(`@${enforced}`) ?? namespace, namespace, `${namespace}__${enforced}`];
    for (const name of names) directives.set(name, enforced);
    const scalar = SCALARS[enforced];
    if (scalar !== undefined) scalars.add(imports.get(scalar) ?? `${namespace}__${scalar}`);
  }
  rejectUnlinked(document, links);
  return { directives, scalars, nodes };
}

function enforcedBy({ identity, version, purpose }: Link): EnforcedDirective | undefined {
  const name = specificationName(identity);
  if (isEnforced(name)) {
    if (version === 'v0.1') return name;
    throw new Error(`the supergraph links ${identity}/${version}, but the router can enforce only v0.1`);
  }
  if (purpose === 'SECURITY' && !OTHERS.has(identity)) {
    throw new Error(
      `the supergraph links ${identity}/${version} for: SECURITY, which the router cannot enforce`,
    );
  }
  return undefined;
}

/**
 * Returns the name of an Apollo specification, such as `authenticated`; empty for any other specification.
 */
function specificationName(identity: string): string {
  return identity.startsWith(SPECIFICATIONS) ? identity.slice(SPECIFICATIONS.length) : '';
}

function isEnforced(name: string): name is EnforcedDirective {
  return Object.hasOwn(SCALARS, name);
}

/**
 * Rejects a supergraph that defines a security directive without a `@link`. By the specification such a
 * directive has no effect, so the fields that it should protect would be public.
 */
function rejectUnlinked(document: DocumentNode, links: readonly Link[]): void {
  const linked = new Set(links.flatMap(({ namespace, imports }) => [namespace, ...imports.values()]));
  for (const node of document.definitions) {
    if (node.kind !== Kind.DIRECTIVE_DEFINITION) continue;
    const { value: name } = node.name;
    if (isEnforced(name) && !linked.has(name))
      throw new Error(`the supergraph uses @${name} without its @link`);
  }
}

/** Returns every `@link` of a supergraph. A supergraph may rename `@link` itself. */
export function readLinks(document: DocumentNode): readonly Link[] {
  return document.definitions
    .flatMap((node) =>
      node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION
        ? (node.directives ?? [])
        : [],
    )
    .flatMap((node) => readLink(node) ?? []);
}

function readLink(node: ConstDirectiveNode): Link | undefined {
  const given = new Map((node.arguments ?? []).map(({ name, value }) => [name.value, value]));
  const read = (name: string): unknown => {
    const value = given.get(name);
    return value === undefined ? undefined : valueFromASTUntyped(value);
  };
  const url = read('url') ?? read('feature');
  if (typeof url !== 'string') return undefined;
  const { identity, version } = splitUrl(url);
  const as = read('as');
  const purpose = read('for');
  return {
    node,
    url,
    identity,
    version,
    namespace: typeof as === 'string' ? as : (identity.split('/').at(-1) ?? identity),
    purpose: typeof purpose === 'string' ? purpose : undefined,
    isEnforced: isEnforced(specificationName(identity)),
    imports: readImports(read('import')),
  };
}

function splitUrl(url: string): { readonly identity: string; readonly version: string } {
  const { origin, pathname } = URL.parse(url) ?? { origin: url, pathname: '' };
  const segments = pathname.split('/').filter((segment) => segment !== '');
  const last = segments.at(-1) ?? '';
  const version = /^v\d+\.\d+$/.test(last) ? last : '';
  const path = version === '' ? segments : segments.slice(0, -1);
  return { identity: [origin, ...path].join('/'), version };
}

function readImports(value: unknown): ReadonlyMap<string, string> {
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  return new Map(items.flatMap(readImport));
}

function readImport(item: unknown): [name: string, local: string][] {
  if (typeof item === 'string') return [[item, withoutAt(item)]];
  if (typeof item !== 'object' || item === null || !('name' in item) || typeof item.name !== 'string')
    return [];
  const local = 'as' in item && typeof item.as === 'string' ? item.as : item.name;
  return [[item.name, withoutAt(local)]];
}

function withoutAt(name: string): string {
  return name.startsWith('@') ? name.slice(1) : name;
}
