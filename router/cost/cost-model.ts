import {
  Kind,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  buildASTSchema,
  getNamedType,
  isAbstractType,
  isInputObjectType,
  isIntrospectionType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isInterfaceType,
  parse,
} from 'graphql';
import type {
  DocumentNode,
  GraphQLArgument,
  GraphQLField,
  GraphQLInputField,
  GraphQLNamedType,
  GraphQLSchema,
} from 'graphql';
import { constantArguments } from '../shared/graphql/constant-arguments.ts';

/** Values of an operation's variables, by name. */
export type Variables = Readonly<Record<string, unknown>>;

/** The `@listSize` directive of a field, which declares how many items the field returns. */
export type ListSize = {
  readonly assumed: number | undefined;
  readonly slicingArguments: readonly string[];
  /** Fields in the field's selection that have the declared size, for example `edges` of a connection. */
  readonly sizedFields: ReadonlySet<string>;
  readonly requireOneSlicingArgument: boolean;
};

/** A field of the schema with everything that its cost depends on. */
export type FieldCost = {
  /** Coordinate of the field, its unique name in the schema, for example `Query.orders`. */
  readonly coordinate: string;
  readonly definition: GraphQLField<unknown, unknown>;
  readonly type: GraphQLNamedType;
  /**
   * Cost of one value of the field, or of one item if the field is a list. The cost of the fields that are
   * selected on this value is not included.
   */
  readonly weight: number;
  /**
   * Cost of one value for each object type, by the name of the type, if the field returns an interface or
   * union whose object types have different costs. Undefined for all other fields, for fields with `@cost`,
   * and for fields of interfaces.
   */
  readonly weightByType: ReadonlyMap<string, number> | undefined;
  readonly isList: boolean;
  readonly listSize: ListSize | undefined;
};

/**
 * Costs of the types, fields and arguments of a supergraph, by the directives of the IBM cost specification
 * as Apollo defines them. Objects and input objects cost 1, scalars and enums 0, unless `@cost` sets another
 * cost. `@listSize` gives the length of lists.
 */
export type CostModel = {
  readonly schema: GraphQLSchema;
  readonly defaultListSize: number;
  field(parent: GraphQLNamedType | undefined, name: string): FieldCost | undefined;
  /**
   * Returns the cost of an argument or input field itself. Input objects in its value are counted separately.
   */
  inputWeight(input: GraphQLArgument | GraphQLInputField): number;
};

/** Reads the cost directives of a supergraph SDL. */
export function readCostModel(
  supergraph: string | DocumentNode,
  { defaultListSize }: { readonly defaultListSize: number },
): CostModel {
  const document = typeof supergraph === 'string' ? parse(supergraph, { noLocation: true }) : supergraph;
  // The schema was validated by composition. It is not validated again, because graphql-js does not know the
  // link specification.
  const schema = buildASTSchema(document, { assumeValid: true, assumeValidSDL: true });
  const names = directiveNames(document);
  const known = new Map<string, FieldCost | undefined>();

  // Composition rejects `@cost` on interfaces, unions and fields of interfaces. An interface or union costs
  // as much as its most expensive object type, and a field of an interface as much as its most expensive
  // implementation. Otherwise clients could lower a cost by selecting fields through an interface.
  function typeWeight(type: GraphQLNamedType): number {
    const own = weightIn(type, names.cost);
    if (own !== undefined || !isAbstractType(type)) return own ?? (isLeafType(type) ? 0 : 1);
    return highest(schema.getPossibleTypes(type).map(typeWeight)) ?? 1;
  }

  function weightByType(type: GraphQLNamedType): ReadonlyMap<string, number> | undefined {
    if (!isAbstractType(type)) return undefined;
    const weights = new Map(schema.getPossibleTypes(type).map((each) => [each.name, typeWeight(each)]));
    return new Set(weights.values()).size > 1 ? weights : undefined;
  }

  function fieldWeight(parent: GraphQLNamedType, definition: GraphQLField<unknown, unknown>): number {
    const own = weightIn(definition, names.cost);
    if (own !== undefined) return own;
    if (!isInterfaceType(parent)) return typeWeight(getNamedType(definition.type));
    const weights = schema.getPossibleTypes(parent).flatMap((type) => {
      const implemented = type.getFields()[definition.name];
      return implemented === undefined ? [] : [fieldWeight(type, implemented)];
    });
    return highest(weights) ?? typeWeight(getNamedType(definition.type));
  }

  function readField(parent: GraphQLNamedType, name: string, coordinate: string): FieldCost | undefined {
    const definition = fieldDefinition(schema, parent, name);
    if (definition === undefined) return undefined;
    const type = getNamedType(definition.type);
    return {
      coordinate,
      definition,
      type,
      weight: fieldWeight(parent, definition),
      weightByType:
        isInterfaceType(parent) || weightIn(definition, names.cost) !== undefined
          ? undefined
          : weightByType(type),
      // A list that introspection returns counts as one item, because the router serves introspection from
      // memory.
      isList: isList(definition.type) && !isIntrospectionType(type) && !isIntrospectionType(parent),
      listSize: readListSize(definition, names.listSize),
    };
  }

  return {
    schema,
    defaultListSize,
    field(parent, name) {
      if (parent === undefined) return undefined;
      const coordinate = `${parent.name}.${name}`;
      if (!known.has(coordinate)) known.set(coordinate, readField(parent, name, coordinate));
      return known.get(coordinate);
    },
    inputWeight(input) {
      const type = getNamedType(input.type);
      return weightIn(input, names.cost) ?? weightIn(type, names.cost) ?? (isInputObjectType(type) ? 1 : 0);
    },
  };
}

function highest(weights: readonly number[]): number | undefined {
  return weights.length === 0 ? undefined : Math.max(...weights);
}

function fieldDefinition(
  schema: GraphQLSchema,
  parent: GraphQLNamedType,
  name: string,
): GraphQLField<unknown, unknown> | undefined {
  if (parent === schema.getQueryType()) {
    if (name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
    if (name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
  }
  return isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
}

function isList(type: GraphQLField<unknown, unknown>['type']): boolean {
  return isListType(isNonNullType(type) ? type.ofType : type);
}

type Element = GraphQLNamedType | GraphQLField<unknown, unknown> | GraphQLArgument | GraphQLInputField;

function weightIn(element: Element, directive: string): number | undefined {
  const weight = Number(argumentsOf(element, directive)?.['weight'] ?? Number.NaN);
  return Number.isFinite(weight) ? Math.max(weight, 0) : undefined;
}

function readListSize(field: GraphQLField<unknown, unknown>, directive: string): ListSize | undefined {
  const args = argumentsOf(field, directive);
  if (args === undefined) return undefined;
  // Ignores slicing arguments that the field does not have, because a contract may hide arguments that
  // `@listSize` names.
  const slicingArguments = names(args['slicingArguments']).filter((argument) =>
    field.args.some(({ name }) => name === argument),
  );
  const assumed = args['assumedSize'];
  return {
    assumed: typeof assumed === 'number' ? Math.max(assumed, 0) : undefined,
    slicingArguments,
    sizedFields: new Set(names(args['sizedFields'])),
    requireOneSlicingArgument: slicingArguments.length > 0 && args['requireOneSlicingArgument'] !== false,
  };
}

function names(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/**
 * Returns the arguments of a directive on a schema element; undefined if the element does not have the
 * directive.
 */
function argumentsOf(element: Element, directive: string): Record<string, unknown> | undefined {
  const nodes =
    'extensionASTNodes' in element ? [element.astNode, ...element.extensionASTNodes] : [element.astNode];
  const applied = nodes
    .flatMap((node) => node?.directives ?? [])
    .find(({ name }) => name.value === directive);
  return applied && constantArguments(applied);
}

const COST_SPECIFICATION = 'https://specs.apollo.dev/cost/';

/**
 * Returns the names of `@cost` and `@listSize` in this supergraph. Subgraphs may import the directives under
 * other names.
 */
function directiveNames(document: DocumentNode): { readonly cost: string; readonly listSize: string } {
  const link = linkOf(document, COST_SPECIFICATION);
  if (link === undefined) return { cost: 'cost', listSize: 'listSize' };
  const namespace = typeof link['as'] === 'string' ? link['as'] : 'cost';
  const imported = new Map(importsOf(link['import']));
  return {
    cost: imported.get('@cost') ?? namespace,
    listSize: imported.get('@listSize') ?? `${namespace}__listSize`,
  };
}

function linkOf(document: DocumentNode, specification: string): Record<string, unknown> | undefined {
  return document.definitions
    .flatMap((node) =>
      node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION
        ? (node.directives ?? [])
        : [],
    )
    .filter(({ name }) => name.value === 'link')
    .map(constantArguments)
    .find(({ url }) => typeof url === 'string' && url.startsWith(specification));
}

function importsOf(value: unknown): [name: string, local: string][] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: unknown): [string, string][] => {
    if (typeof item === 'string') return [[item, item.slice(1)]];
    if (typeof item !== 'object' || item === null || !('name' in item)) return [];
    const local = 'as' in item ? item.as : item.name;
    return typeof item.name === 'string' && typeof local === 'string' ? [[item.name, local.slice(1)]] : [];
  });
}
