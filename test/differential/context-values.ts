import { Kind, parse } from 'graphql';
import type { GraphQLFieldResolver, SelectionSetNode } from 'graphql';
import { isCompositeDefinition, joinFields } from '../../router/planning/prepare/supergraph-document.ts';
import { constantArguments } from '../../router/shared/graphql/constant-arguments.ts';
import { datasetResolver, selectedFrom } from './dataset.ts';
import type { Dataset, Ref } from './dataset.ts';

/** An argument that a subgraph reads from an object above the field. */
type ContextArgument = {
  readonly name: string;
  /** Names of the types that set the context. */
  readonly types: ReadonlySet<string>;
  readonly selection: SelectionSetNode;
};

/** Arguments with `@fromContext`, by field coordinate. */
export type ContextArguments = ReadonlyMap<string, readonly ContextArgument[]>;

export function readContextArguments(supergraphSdl: string): ContextArguments {
  const types = parse(supergraphSdl, { noLocation: true }).definitions.filter(isCompositeDefinition);
  const setting = (context: unknown) =>
    types.filter(({ directives = [] }) =>
      directives.some((one) => one.name.value === 'context' && constantArguments(one)['name'] === context),
    );
  const found = new Map<string, ContextArgument[]>();
  for (const type of types) {
    for (const { field, join } of joinFields(type)) {
      const { contextArguments = [] } = constantArguments(join);
      for (const { name, context, selection } of contextArguments as Record<string, string>[]) {
        const text = (selection ?? '').trim();
        const [operation] = parse(text.startsWith('{') ? text : `{${text}}`, {
          noLocation: true,
        }).definitions;
        if (operation?.kind !== Kind.OPERATION_DEFINITION) throw new Error(`not a selection: ${text}`);
        const coordinate = `${type.name.value}.${field.name.value}`;
        const argument = {
          name: name ?? '',
          types: new Set(setting(context).map((one) => one.name.value)),
          selection: operation.selectionSet,
        };
        found.set(coordinate, [...(found.get(coordinate) ?? []), argument]);
      }
    }
  }
  return found;
}

/** An object of the oracle, with the one whose field it is the value of. */
type Placed = Ref & { readonly above?: Placed };

/** Resolves fields with the arguments that contexts give them: of the nearest object above that sets one. */
export function contextResolver(
  dataset: Dataset,
  contexts: ContextArguments,
): GraphQLFieldResolver<unknown, unknown> {
  const resolve = datasetResolver(dataset);
  if (contexts.size === 0) return resolve;
  return (source, args: Record<string, unknown>, context, info) => {
    const here = source as Placed | undefined;
    const given = contexts.get(`${info.parentType.name}.${info.fieldName}`) ?? [];
    const values = given.flatMap((argument) => valueOf(argument, here, dataset));
    const value: unknown = resolve(source, { ...args, ...Object.fromEntries(values) }, context, info);
    return here === undefined ? value : below(here, value);
  };
}

function below(above: Placed, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => below(above, item));
  const isObject = typeof value === 'object' && value !== null && 'typename' in value;
  return isObject ? { ...value, above } : value;
}

function valueOf(
  { name, types, selection }: ContextArgument,
  here: Placed | undefined,
  dataset: Dataset,
): [string, unknown][] {
  let holder = here?.above;
  while (holder !== undefined && !types.has(holder.typename)) holder = holder.above;
  if (holder === undefined) return [];
  const [value] = Object.values(selectedFrom(dataset, holder, selection));
  return [[name, value]];
}
