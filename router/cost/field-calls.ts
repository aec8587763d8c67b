import { getNamedType, isInputObjectType, isInterfaceType, isObjectType } from 'graphql';
import type {
  DocumentNode,
  FieldNode,
  GraphQLArgument,
  GraphQLInputField,
  GraphQLNamedType,
  GraphQLSchema,
} from 'graphql';
import { isRecord } from '../shared/is-record.ts';
import type { CostModel, FieldCost, Variables } from './cost-model.ts';
import { compileValue } from './operation-value.ts';
import { compileTotal } from './operation-total.ts';

/** Calls of one field with a rate limit by one operation. Below a list, each item counts as a call. */
export type FieldCalls = {
  /** Coordinate of the field as in the configuration, for example `Mutation.login`. */
  readonly coordinate: string;
  readonly calls: number;
  /**
   * Argument values for limits that count each value separately, for example each email address of a login.
   * The keys are paths of arguments, such as `input.email`. Each selection of the field in the document has
   * one value, but makes several calls if its fragment is spread several times or the field is below a list.
   */
  readonly values: ReadonlyMap<string, readonly unknown[]>;
};

/** The fields of one supergraph that have a rate limit. */
export type CallLimits = {
  readonly limited: LimitedFields;
  /**
   * Returns the paths of the arguments by whose values the calls of a field are counted separately, such as
   * `input.email`.
   */
  readonly argumentsOf: (coordinate: string) => readonly string[];
};

/**
 * Fields with a rate limit, by each coordinate under which an operation can select them. If `Order`
 * implements `Priced`, the limit of `Order.total` is found under `Priced.total`, too.
 */
export type LimitedFields = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * Finds all coordinates under which an operation can select a field with a rate limit. A field of an object
 * type can also be selected through its interfaces, and a field of an interface through its object types and
 * all their interfaces.
 */
export function findLimitedFields(schema: GraphQLSchema, coordinates: readonly string[]): LimitedFields {
  const found = new Map<string, Set<string>>();
  for (const coordinate of coordinates) {
    const [typeName = '', fieldName = ''] = coordinate.split('.');
    for (const name of typesMeeting(schema, typeName)) {
      const way = `${name}.${fieldName}`;
      found.set(way, (found.get(way) ?? new Set()).add(coordinate));
    }
  }
  return found;
}

function typesMeeting(schema: GraphQLSchema, name: string): readonly string[] {
  const type = schema.getType(name);
  if (isObjectType(type)) return [name, ...type.getInterfaces().map((parent) => parent.name)];
  if (!isInterfaceType(type)) return [name];
  // An object that implements this interface can also be selected through its other interfaces.
  const objects = schema.getPossibleTypes(type);
  const interfaces = objects.flatMap((object) => object.getInterfaces());
  return [...new Set([name, ...[...objects, ...interfaces, ...type.getInterfaces()].map(String)])];
}

/**
 * Compiles the function that counts the calls of fields with a rate limit. Each alias and each spread of a
 * fragment is a separate call. A field within a list is called once for each item, and the number of items is
 * estimated.
 */
export function compileFieldCalls(
  model: CostModel,
  { limited, argumentsOf }: CallLimits,
  operation: { readonly document: DocumentNode; readonly name: string | undefined },
): (variables: Variables) => readonly FieldCalls[] {
  const coordinates = new Set([...limited.values()].flatMap((set) => [...set]));
  const counts = [...coordinates].flatMap((coordinate) => {
    let isAskedFor = false;
    const paths = argumentsOf(coordinate);
    // Argument values of the calls. If the operation has no variables, they are read once, when it is
    // compiled. Otherwise `count` creates a new map for each request.
    let values = new Map<string, unknown[]>();
    const call = ({ coordinate: way, definition }: FieldCost, node: FieldNode) => {
      if (limited.get(way)?.has(coordinate) !== true) return undefined;
      isAskedFor = true;
      const readers = paths.map((path) => ({ path, read: compileArgument(definition.args, node, path) }));
      return (variables: Variables) => {
        for (const { path, read } of readers)
          values.set(path, [...(values.get(path) ?? []), read(variables)]);
        return 1;
      };
    };
    const { evaluate, isConstant } = compileTotal(model, { item: () => 0, call, unknown: 0 }, operation);
    const count = (variables: Variables): FieldCalls => {
      if (!isConstant) values = new Map();
      return { coordinate, calls: evaluate(variables), values };
    };
    return isAskedFor ? [count] : [];
  });
  if (counts.length === 0) return () => [];
  return (variables) => counts.map((count) => count(variables)).filter(({ calls }) => calls > 0);
}

/**
 * Compiles a function that reads an argument of a field, or an input field within the argument, such as
 * `input.email`. If the request has no value, the function returns the default, which the subgraph uses too.
 */
function compileArgument(
  args: readonly GraphQLArgument[],
  node: FieldNode,
  path: string,
): (variables: Variables) => unknown {
  const [name, ...members] = path.split('.');
  const argument = node.arguments?.find((each) => each.name.value === name);
  const read = argument === undefined ? () => undefined : compileValue(argument.value).read;
  const definition = args.find((each) => each.name === name);
  let input: GraphQLArgument | GraphQLInputField | undefined = definition;
  const steps = members.map((member) => {
    const type: GraphQLNamedType | undefined = input && getNamedType(input.type);
    input = isInputObjectType(type) ? type.getFields()[member] : undefined;
    return { member, input };
  });
  return (variables) =>
    steps.reduce<unknown>(
      (value, step) => (isRecord(value) ? withDefault(value[step.member], step.input) : undefined),
      withDefault(read(variables), definition),
    );
}

function withDefault(value: unknown, input: GraphQLArgument | GraphQLInputField | undefined): unknown {
  return value === undefined ? input?.defaultValue : value;
}
