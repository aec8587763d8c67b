import type { IndexedType, Member, SchemaIndex } from './schema-model.ts';
import type { Owner } from './owners.ts';

/** A difference between two versions of a schema. */
export type SchemaDifference = {
  readonly coordinate: string;
  readonly change: 'added' | 'removed' | 'changed';
  /** One line for each changed property: `type: String → String!`. Empty for other changes. */
  readonly details: readonly string[];
};

/** The differences within one type, the one of the type itself first. */
export type TypeDifference = {
  readonly type: string;
  readonly change: SchemaDifference['change'];
  readonly differences: readonly SchemaDifference[];
};

/** Compares two versions by coordinates. Types are in order of their names. */
export function compareSchemas(before: SchemaIndex, after: SchemaIndex): readonly TypeDifference[] {
  const names = [...new Set([...before.types.keys(), ...after.types.keys()])].toSorted();
  return names.flatMap((type): readonly TypeDifference[] => {
    const differences = compareElements(
      elementsOf(before.types.get(type)),
      elementsOf(after.types.get(type)),
    );
    if (differences.length === 0) return [];
    const change = differences.find(({ coordinate }) => coordinate === type)?.change ?? 'changed';
    // The members of a new or removed type are not listed, because the type contains them.
    return [{ type, change, differences: change === 'changed' ? differences : differences.slice(0, 1) }];
  });
}

/** Counts additions, removals and changes. */
export function countDifferences(types: readonly TypeDifference[]) {
  const all = types.flatMap(({ differences }) => differences);
  const count = (change: SchemaDifference['change']) => all.filter((one) => one.change === change).length;
  return { added: count('added'), removed: count('removed'), changed: count('changed') };
}

/** Properties of an element by their names; only those that differ are shown. */
type Properties = Readonly<Record<string, string>>;
type Elements = ReadonlyMap<string, Properties>;

function compareElements(before: Elements, after: Elements): readonly SchemaDifference[] {
  const coordinates = [...new Set([...after.keys(), ...before.keys()])];
  return coordinates.flatMap((coordinate): readonly SchemaDifference[] => {
    const was = before.get(coordinate);
    const is = after.get(coordinate);
    if (was === undefined) return [{ coordinate, change: 'added', details: [] }];
    if (is === undefined) return [{ coordinate, change: 'removed', details: [] }];
    const details = changesOf(was, is);
    return details.length === 0 ? [] : [{ coordinate, change: 'changed', details }];
  });
}

function changesOf(was: Properties, is: Properties): readonly string[] {
  return Object.keys({ ...was, ...is })
    .filter((name) => was[name] !== is[name])
    .map((name) => `${name}: ${was[name] || 'none'} → ${is[name] || 'none'}`);
}

function elementsOf(type: IndexedType | undefined): Elements {
  if (type === undefined) return new Map();
  const elements = new Map<string, Properties>([[type.name, typeProperties(type)]]);
  for (const member of type.members) {
    elements.set(member.coordinate, memberProperties(member));
    for (const { coordinate, ...argument } of member.args)
      elements.set(coordinate, {
        type: argument.type,
        default: argument.defaultValue ?? '',
        directives: textsOf(argument.labels),
        deprecated: argument.deprecated ?? '',
        description: argument.description ?? '',
      });
  }
  return elements;
}

function typeProperties(type: IndexedType): Properties {
  return {
    kind: type.kind,
    subgraphs: type.subgraphs.join(', '),
    keys: type.keys.map(({ subgraph, fields }) => `${subgraph} "${fields}"`).join(', '),
    implements: type.interfaces.toSorted().join(', '),
    members: type.types.toSorted().join(', '),
    directives: textsOf(type.labels),
    description: type.description ?? '',
  };
}

function memberProperties(member: Member): Properties {
  return {
    type: member.type,
    default: member.defaultValue ?? '',
    subgraphs: member.owners.map(ownerText).join(', '),
    directives: textsOf(member.labels),
    deprecated: member.deprecated ?? '',
    description: member.description ?? '',
  };
}

function ownerText({ subgraph, requires, provides }: Owner): string {
  const needs = requires === null ? '' : ` requires "${requires}"`;
  const gives = provides === null ? '' : ` provides "${provides}"`;
  return `${subgraph}${needs}${gives}`;
}

function textsOf(labels: readonly { readonly text: string }[]): string {
  return labels.map(({ text }) => text).join(', ');
}
