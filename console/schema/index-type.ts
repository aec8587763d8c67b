import { Kind, print } from 'graphql';
import type {
  ConstDirectiveNode,
  EnumValueDefinitionNode,
  FieldDefinitionNode,
  InputValueDefinitionNode,
  StringValueNode,
  TypeDefinitionNode,
  TypeNode,
} from 'graphql';
import { argumentsOf } from './directive-names.ts';
import type { DirectiveNames } from './directive-names.ts';
import { labelsOf } from './labels.ts';
import type { Label } from './labels.ts';
import { joins, ownersOf, subgraphIn } from './owners.ts';
import type { Owner, SubgraphNames } from './owners.ts';
import type { Argument, EntityKey, IndexedType, Member, TypeKind } from './schema-model.ts';

type Context = { readonly names: DirectiveNames; readonly graphs: SubgraphNames };
type TypeContext = Context & { readonly type: string; readonly subgraphs: readonly string[] };
type Described = { readonly description?: StringValueNode | undefined };
type Annotated = { readonly directives?: readonly ConstDirectiveNode[] | undefined };

/** Returns a type with its members, their owners and labels, from the directives of the supergraph. */
export function indexType(definition: TypeDefinitionNode, context: Context): IndexedType {
  const typeJoins = joins(definition.directives, 'join__type');
  const subgraphs = [...new Set(typeJoins.map((join) => subgraphIn(join, context.graphs)))].toSorted();
  return {
    name: definition.name.value,
    kind: kindOf(definition),
    description: descriptionOf(definition),
    subgraphs,
    keys: typeJoins.flatMap((join) => keyOf(join, context.graphs)),
    interfaces: 'interfaces' in definition ? (definition.interfaces ?? []).map(({ name }) => name.value) : [],
    types: 'types' in definition ? (definition.types ?? []).map(({ name }) => name.value) : [],
    members: membersOf(definition, { ...context, type: definition.name.value, subgraphs }),
    labels: labelsOf(definition.directives ?? [], context.names),
    interfaceObjectIn: typeJoins
      .filter((join) => join['isInterfaceObject'] === true)
      .map((join) => subgraphIn(join, context.graphs)),
  };
}

function kindOf({ kind }: TypeDefinitionNode): TypeKind {
  switch (kind) {
    case Kind.OBJECT_TYPE_DEFINITION:
      return 'type';
    case Kind.INTERFACE_TYPE_DEFINITION:
      return 'interface';
    case Kind.UNION_TYPE_DEFINITION:
      return 'union';
    case Kind.ENUM_TYPE_DEFINITION:
      return 'enum';
    case Kind.INPUT_OBJECT_TYPE_DEFINITION:
      return 'input';
    case Kind.SCALAR_TYPE_DEFINITION:
      return 'scalar';
  }
}

function keyOf(join: Readonly<Record<string, unknown>>, graphs: SubgraphNames): readonly EntityKey[] {
  const fields = join['key'];
  if (typeof fields !== 'string') return [];
  return [{ subgraph: subgraphIn(join, graphs), fields, resolvable: join['resolvable'] !== false }];
}

function membersOf(definition: TypeDefinitionNode, context: TypeContext): readonly Member[] {
  switch (definition.kind) {
    case Kind.OBJECT_TYPE_DEFINITION:
    case Kind.INTERFACE_TYPE_DEFINITION:
      return (definition.fields ?? []).map((field) => fieldOf(field, context));
    case Kind.INPUT_OBJECT_TYPE_DEFINITION:
      return (definition.fields ?? []).map((field) => inputFieldOf(field, context));
    case Kind.ENUM_TYPE_DEFINITION:
      return (definition.values ?? []).map((value) => enumValueOf(value, context));
    case Kind.UNION_TYPE_DEFINITION:
    case Kind.SCALAR_TYPE_DEFINITION:
      return [];
  }
}

function fieldOf(field: FieldDefinitionNode, context: TypeContext): Member {
  const coordinate = `${context.type}.${field.name.value}`;
  const owners = ownersOf(field.directives, context.subgraphs, context.graphs);
  return {
    ...shared(field, coordinate),
    type: print(field.type),
    namedType: namedTypeOf(field.type),
    defaultValue: null,
    args: (field.arguments ?? []).map((argument) => argumentOf(argument, coordinate, context)),
    owners,
    labels: [...owners.flatMap(overrideLabels), ...labelsOf(field.directives ?? [], context.names)],
  };
}

function inputFieldOf(field: InputValueDefinitionNode, context: TypeContext): Member {
  return {
    ...shared(field, `${context.type}.${field.name.value}`),
    type: print(field.type),
    namedType: namedTypeOf(field.type),
    defaultValue: field.defaultValue === undefined ? null : print(field.defaultValue),
    args: [],
    owners: ownersOf(field.directives, context.subgraphs, context.graphs),
    labels: labelsOf(field.directives ?? [], context.names),
  };
}

function enumValueOf(value: EnumValueDefinitionNode, context: TypeContext): Member {
  const declared = joins(value.directives, 'join__enumValue').map((join) => subgraphIn(join, context.graphs));
  return {
    ...shared(value, `${context.type}.${value.name.value}`),
    type: '',
    namedType: null,
    defaultValue: null,
    args: [],
    owners: ownersOf([], declared.length === 0 ? context.subgraphs : declared, context.graphs),
    labels: labelsOf(value.directives ?? [], context.names),
  };
}

function argumentOf(argument: InputValueDefinitionNode, field: string, { names }: TypeContext): Argument {
  return {
    ...shared(argument, `${field}(${argument.name.value}:)`),
    type: print(argument.type),
    namedType: namedTypeOf(argument.type),
    defaultValue: argument.defaultValue === undefined ? null : print(argument.defaultValue),
    labels: labelsOf(argument.directives ?? [], names),
  };
}

function shared(
  node: Described & Annotated & { readonly name: { readonly value: string } },
  coordinate: string,
) {
  return {
    name: node.name.value,
    coordinate,
    description: descriptionOf(node),
    deprecated: deprecationOf(node),
  };
}

function descriptionOf({ description }: Described): string | null {
  return description === undefined || description.value === '' ? null : description.value;
}

function deprecationOf({ directives }: Annotated): string | null {
  const deprecated = directives?.find(({ name }) => name.value === 'deprecated');
  if (deprecated === undefined) return null;
  const { reason } = argumentsOf(deprecated);
  return typeof reason === 'string' && reason !== '' ? reason : 'No longer supported';
}

function namedTypeOf(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : namedTypeOf(type.type);
}

function overrideLabels({ subgraph, overrides, overrideLabel }: Owner): readonly Label[] {
  if (overrides === null) return [];
  const share = overrideLabel === null ? '' : ` for ${overrideLabel}`;
  return [
    {
      kind: 'override',
      text: `moves from ${overrides}${overrideLabel === null ? '' : `: ${overrideLabel}`}`,
      title: `${subgraph} resolves the field instead of ${overrides}${share}.`,
    },
  ];
}
