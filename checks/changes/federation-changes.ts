import { Kind, print } from 'graphql';
import type { ConstDirectiveNode, DocumentNode } from 'graphql';
import { readLinks } from '../../router/authorization/security-links.ts';
import { constantArguments } from '../../router/shared/graphql/constant-arguments.ts';
import { linkedDirectives } from '../../router/supergraph/contracts/linked-directives.ts';
import type { GraphVersion } from '../composition.ts';
import { elementDirectives } from './element-directives.ts';
import type { ElementDirectives } from './element-directives.ts';
import type { FoundChange } from './schema-changes.ts';

/**
 * Returns changes of the supergraph that the API schema does not show: costs, tags, and the subgraphs that
 * resolve a field. They concern elements that both versions have.
 */
export function findFederationChanges(before: GraphVersion, after: GraphVersion): readonly FoundChange[] {
  const earlier = versionOf(before.document);
  const later = versionOf(after.document);
  return [...earlier.elements.keys()]
    .filter((coordinate) => later.elements.has(coordinate) && !coordinate.includes('__'))
    .flatMap((coordinate) => [
      ...costChanges(coordinate, earlier, later),
      ...tagChanges(coordinate, earlier, later),
      ...resolverChanges(coordinate, earlier, later),
    ]);
}

type Version = {
  readonly elements: ElementDirectives;
  readonly names: { readonly cost: string; readonly listSize: string; readonly tag: string };
  /** Names of subgraphs by the value of `join__Graph`. */
  readonly subgraphs: ReadonlyMap<string, string>;
  /** Names of object types and interfaces: their fields have resolvers. */
  readonly outputTypes: ReadonlySet<string>;
};

function versionOf(document: DocumentNode): Version {
  const link = readLinks(document).find(({ identity }) => identity === 'https://specs.apollo.dev/cost');
  return {
    elements: elementDirectives(document),
    names: {
      cost: link?.imports.get('@cost') ?? link?.namespace ?? 'cost',
      listSize: link?.imports.get('@listSize') ?? `${link?.namespace ?? 'cost'}__listSize`,
      tag: linkedDirectives(document).tag,
    },
    subgraphs: subgraphNames(document),
    outputTypes: new Set(
      document.definitions.flatMap((node) =>
        node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.INTERFACE_TYPE_DEFINITION
          ? [node.name.value]
          : [],
      ),
    ),
  };
}

/** Returns the names of subgraphs by the value of `join__Graph`. */
export function subgraphNames({ definitions }: DocumentNode): ReadonlyMap<string, string> {
  const values = definitions.flatMap((node) =>
    node.kind === Kind.ENUM_TYPE_DEFINITION && node.name.value === 'join__Graph' ? (node.values ?? []) : [],
  );
  return new Map(
    values.map(({ name, directives = [] }) => {
      const graph = directives.find((directive) => directive.name.value === 'join__graph');
      return [name.value, String(graph === undefined ? name.value : constantArguments(graph)['name'])];
    }),
  );
}

function costChanges(coordinate: string, earlier: Version, later: Version): readonly FoundChange[] {
  return (['cost', 'listSize'] as const).flatMap((name) => {
    const [was, is] = [earlier, later].map(({ elements, names }) =>
      directivesNamed(elements.get(coordinate), names[name]).map(print).toSorted().join(' '),
    );
    if (was === is) return [];
    const code = name === 'cost' ? 'COST_CHANGED' : 'LIST_SIZE_CHANGED';
    const message = `@${name} of ${coordinate} changed from ${was || 'none'} to ${is || 'none'}`;
    return [{ code, coordinate, message, criticality: 'safe' }];
  });
}

function tagChanges(coordinate: string, earlier: Version, later: Version): readonly FoundChange[] {
  const was = tagsOf(coordinate, earlier);
  const is = tagsOf(coordinate, later);
  const change = (code: string, text: string): FoundChange => ({
    code,
    coordinate,
    message: `the tag ${text} ${coordinate}`,
    criticality: 'safe',
  });
  return [
    ...[...is.difference(was)].map((tag) => change('TAG_ADDED', `${tag} was added to`)),
    ...[...was.difference(is)].map((tag) => change('TAG_REMOVED', `${tag} was removed from`)),
  ];
}

function tagsOf(coordinate: string, { elements, names }: Version): ReadonlySet<string> {
  const tags = directivesNamed(elements.get(coordinate), names.tag).map(constantArguments);
  return new Set(tags.map(({ name }) => String(name)));
}

function resolverChanges(coordinate: string, earlier: Version, later: Version): readonly FoundChange[] {
  const [type = '', field] = coordinate.split('.');
  if (field === undefined || field.includes('(') || !earlier.outputTypes.has(type)) return [];
  const [was, is] = [earlier, later].map((version) => resolversOf(coordinate, version));
  if (was === undefined || is === undefined || was === is) return [];
  const message = `${coordinate} is resolved by ${is}, and was resolved by ${was}`;
  return [{ code: 'FIELD_SUBGRAPH_CHANGED', coordinate, message, criticality: 'safe' }];
}

/** Returns the subgraphs that resolve a field; undefined for members that no subgraph resolves. */
function resolversOf(coordinate: string, { elements, subgraphs }: Version): string | undefined {
  const [type = ''] = coordinate.split('.');
  const joins = directivesNamed(elements.get(coordinate), 'join__field').map(constantArguments);
  const own = joins.filter(({ external, usedOverridden }) => external !== true && usedOverridden !== true);
  // A field without @join__field is resolved by all subgraphs that have its type.
  const graphs =
    joins.length > 0 ? own : directivesNamed(elements.get(type), 'join__type').map(constantArguments);
  const names = graphs.flatMap(({ graph, overrideLabel }) => {
    const name = subgraphs.get(String(graph));
    if (name === undefined) return [];
    return typeof overrideLabel === 'string' ? [`${name} (for the label ${overrideLabel})`] : [name];
  });
  return names.length === 0 ? undefined : [...new Set(names)].toSorted().join(', ');
}

function directivesNamed(
  directives: readonly ConstDirectiveNode[] = [],
  name: string,
): readonly ConstDirectiveNode[] {
  return directives.filter((directive) => directive.name.value === name);
}
