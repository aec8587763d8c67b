import { Kind, parse } from 'graphql';
import type {
  ConstValueNode,
  DefinitionNode,
  DocumentNode,
  EnumTypeDefinitionNode,
  FieldDefinitionNode,
  InputValueDefinitionNode,
  TypeNode,
} from 'graphql';
import type { Random } from './random.ts';

/** Changes one element of a schema as a team might. Many of the results are no valid schemas. */
export function changeSchema(document: DocumentNode, random: Random): DocumentNode {
  const chosen = random.int(document.definitions.length);
  return {
    ...document,
    definitions: document.definitions.map((node, index) =>
      index === chosen ? changeDefinition(node, document, random) : node,
    ),
  };
}

function changeDefinition(node: DefinitionNode, document: DocumentNode, random: Random): DefinitionNode {
  if (node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.INTERFACE_TYPE_DEFINITION) {
    if (random.chance(0.15))
      return { ...node, interfaces: toggled(node.interfaces ?? [], namesOf(document, INTERFACES), random) };
    return {
      ...node,
      fields: changeOne(node.fields ?? [], random, (field) => changeField(field, document, random)),
    };
  }
  if (node.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION)
    return { ...node, fields: changeInputs(node.fields ?? [], document, random) };
  if (node.kind === Kind.UNION_TYPE_DEFINITION)
    return { ...node, types: toggled(node.types ?? [], namesOf(document, OBJECTS), random) };
  return node.kind === Kind.ENUM_TYPE_DEFINITION ? changeEnum(node, random) : node;
}

function changeEnum(node: EnumTypeDefinitionNode, random: Random): EnumTypeDefinitionNode {
  const { values = [] } = node;
  if (random.chance(0.5)) return { ...node, values: changeOne(values, random, () => undefined) };
  const added = { kind: Kind.ENUM_VALUE_DEFINITION, name: { kind: Kind.NAME, value: 'ADDED' } } as const;
  return { ...node, values: [...values, added] };
}

const OBJECTS: ReadonlySet<string> = new Set([Kind.OBJECT_TYPE_DEFINITION]);
const INTERFACES: ReadonlySet<string> = new Set([Kind.INTERFACE_TYPE_DEFINITION]);
const INPUTS: ReadonlySet<string> = new Set([Kind.INPUT_OBJECT_TYPE_DEFINITION, Kind.ENUM_TYPE_DEFINITION]);
const OUTPUTS: ReadonlySet<string> = new Set([
  ...OBJECTS,
  ...INTERFACES,
  Kind.UNION_TYPE_DEFINITION,
  Kind.ENUM_TYPE_DEFINITION,
]);
const SCALARS = ['Int', 'Float', 'String', 'ID', 'Boolean'];

function namesOf({ definitions }: DocumentNode, kinds: ReadonlySet<string>): readonly string[] {
  return definitions.flatMap((node) =>
    kinds.has(node.kind) && 'name' in node && node.name !== undefined ? [node.name.value] : [],
  );
}

function toggled<Type extends { readonly name: { readonly value: string } }>(
  list: readonly Type[],
  names: readonly string[],
  random: Random,
) {
  const name = random.maybePick(names) ?? 'Query';
  const without = list.filter((node) => node.name.value !== name);
  return without.length < list.length ? without : [...list, namedType(name)];
}

function namedType(name: string) {
  return { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: name } } as const;
}

/** Changes or removes one item. */
function changeOne<Item>(
  items: readonly Item[],
  random: Random,
  change: (item: Item) => Item | undefined,
): readonly Item[] {
  const chosen = random.int(items.length);
  return items.flatMap((item, index) => (index === chosen ? (change(item) ?? []) : [item]));
}

function changeField(
  field: FieldDefinitionNode,
  document: DocumentNode,
  random: Random,
): FieldDefinitionNode | undefined {
  const { arguments: inputs = [] } = field;
  switch (random.int(4)) {
    case 0:
      return undefined;
    case 1:
      return { ...field, type: changeType(field.type, [...SCALARS, ...namesOf(document, OUTPUTS)], random) };
    default:
      return { ...field, arguments: changeInputs(inputs, document, random) };
  }
}

function changeInputs(
  inputs: readonly InputValueDefinitionNode[],
  document: DocumentNode,
  random: Random,
): readonly InputValueDefinitionNode[] {
  const types = [...SCALARS, ...namesOf(document, INPUTS)];
  if (inputs.length > 0 && random.chance(0.75))
    return changeOne(inputs, random, (input) => changeInput(input, types, random));
  const texts = ['added: Int', 'added: Int!', 'added: Int! = 1', 'added: Int = 1'] as const;
  const [node] = parse(`input I { ${random.pick(texts)} }`, { noLocation: true }).definitions;
  return [...inputs, ...(node?.kind === Kind.INPUT_OBJECT_TYPE_DEFINITION ? (node.fields ?? []) : [])];
}

function changeInput(
  { defaultValue, ...input }: InputValueDefinitionNode,
  types: readonly string[],
  random: Random,
): InputValueDefinitionNode | undefined {
  switch (random.int(5)) {
    case 0:
      return undefined;
    case 1:
      return defaultValue === undefined ? { ...input, defaultValue: INT } : input;
    case 2:
      return { ...input, defaultValue: INT };
    default: {
      const type = changeType(input.type, types, random);
      return defaultValue === undefined ? { ...input, type } : { ...input, type, defaultValue };
    }
  }
}

const INT: ConstValueNode = { kind: Kind.INT, value: '7' };

function changeType(type: TypeNode, names: readonly string[], random: Random): TypeNode {
  if (type.kind === Kind.NON_NULL_TYPE) {
    if (random.chance(0.5)) return type.type;
    const inner = changeType(type.type, names, random);
    return inner.kind === Kind.NON_NULL_TYPE ? inner : { ...type, type: inner };
  }
  if (random.chance(0.4)) return { kind: Kind.NON_NULL_TYPE, type };
  if (random.chance(0.2)) return { kind: Kind.LIST_TYPE, type };
  if (type.kind === Kind.LIST_TYPE)
    return random.chance(0.3) ? type.type : { ...type, type: changeType(type.type, names, random) };
  return namedType(random.maybePick(names) ?? 'Int');
}
