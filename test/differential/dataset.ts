import {
  Kind,
  OperationTypeNode,
  execute,
  isListType,
  isNonNullType,
  isObjectType,
  isAbstractType,
  isLeafType,
  isEnumType,
  getNamedType,
} from 'graphql';
import type {
  GraphQLFieldResolver,
  GraphQLOutputType,
  GraphQLSchema,
  GraphQLTypeResolver,
  SelectionSetNode,
} from 'graphql';
import { exactValue, numberOfSerial, serialOf } from './exact-values.ts';
import { hash } from './random.ts';

/** An object of the dataset; all its fields are derived from these properties. */
export type Ref = {
  readonly typename: string;
  readonly number: number;
  /** The representation by which the router requested it. */
  readonly representation?: Readonly<Record<string, unknown>>;
  /** The fields that are provided by the field that returned it. */
  readonly provided?: SelectionSetNode;
};

/** The data of one case, the same for the subgraphs and for the oracle. */
export type Dataset = {
  readonly seed: string;
  /** The types of the whole graph. */
  readonly schema: GraphQLSchema;
  /** Returns the schema with an object type instead of the query type. */
  schemaOn(typename: string): GraphQLSchema;
  /** Types that implement an interface with a key are numbered together, and share its name here. */
  readonly identities: ReadonlyMap<string, readonly [identity: string, index: number, count: number]>;
  /** Possible types of abstract fields for which a subgraph knows fewer types than the graph has. */
  readonly possible: ReadonlyMap<string, ReadonlySet<string>>;
  /** Coordinates of fields that sometimes throw. */
  readonly fallible: ReadonlySet<string>;
  /** Whether the data contains numbers that doubles cannot represent; the stock executor rounds those. */
  readonly isExact: boolean;
  /** Number of mutations executed in this run. */
  readonly counter: { value: number };
  /** Values of the labels of progressive `@override` in this run. */
  readonly overrides: { isTrue: (label: string) => boolean };
};

/** Number of objects of each type. */
const POPULATION = 6;

export function isRef(value: unknown): value is Ref {
  return typeof value === 'object' && value !== null && 'typename' in value && 'number' in value;
}

function identityOf(dataset: Dataset, typename: string): string {
  return dataset.identities.get(typename)?.[0] ?? typename;
}

/** Resolves any field of any object from the seed alone. */
export function datasetResolver(dataset: Dataset): GraphQLFieldResolver<unknown, unknown> {
  return (source, args: Record<string, unknown>, _, info) => {
    const parent = isRef(source) ? source : { typename: info.parentType.name, number: 0 };
    const isMutation = info.parentType.name === 'Mutation';
    const sequence = isMutation ? `#${(dataset.counter.value += 1)}` : '';
    const encoded = keyValue(dataset, parent, info.fieldName);
    if (encoded !== undefined) return encoded;
    const coordinate = `${identityOf(dataset, parent.typename)}.${info.fieldName}`;
    const seed = `${dataset.seed} ${coordinate} ${parent.number} ${canonical(args, dataset.isExact)}${sequence}`;
    if (dataset.fallible.has(coordinate) && hash(`${seed} fails`) % 6 === 0)
      throw new Error(`${coordinate} fails`);
    const type = typeInDataset(dataset, parent, info.fieldName) ?? info.returnType;
    return valueOf({ dataset, coordinate }, type, seed);
  };
}

/** Resolves the concrete type of abstract types. */
export const datasetTypeResolver: GraphQLTypeResolver<unknown, unknown> = (value) =>
  isRef(value) ? value.typename : undefined;

/** Executes a selection set on an object like an operation on the whole graph. */
export function selectedFrom(
  dataset: Dataset,
  { typename, number }: Ref,
  selectionSet: SelectionSetNode,
): Readonly<Record<string, unknown>> {
  const operation = {
    kind: Kind.OPERATION_DEFINITION,
    operation: OperationTypeNode.QUERY,
    selectionSet,
  } as const;
  const result = execute({
    schema: dataset.schemaOn(typename),
    document: { kind: Kind.DOCUMENT, definitions: [operation] },
    rootValue: { typename, number },
    fieldResolver: datasetResolver(dataset),
    typeResolver: datasetTypeResolver,
  });
  if (result instanceof Promise || result.errors || !result.data)
    throw new Error(`a selection on ${typename} failed in the dataset`);
  return result.data;
}

/** Fields of keys by their names: each of them alone determines the number. */
function keyValue(dataset: Dataset, { typename, number }: Ref, field: string): unknown {
  switch (field) {
    case 'id':
      return `${identityOf(dataset, typename)}:${number}`;
    case 'serial':
      return serialOf(number, dataset.isExact);
    case 'sku':
      return 1000 + number;
    case 'code':
      return `c${number}`;
    case 'ref':
      return { typename: 'Ref', number };
    default:
      return undefined;
  }
}

/** Returns the number that a key value encodes; `undefined` for any other value. */
export function numberOf(field: string, value: unknown): number | undefined {
  if (field === 'serial') return numberOfSerial(value);
  const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  const pattern = { id: /^\w+:(\d+)$/, sku: /^1(\d{3})$/, code: /^c(\d+)$/ }[field];
  const digits = pattern?.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Returns the object of an entity type, or of an interface with a key, that has the number. */
export function entityOf(dataset: Dataset, typename: string, number: number): Ref {
  if (isObjectType(dataset.schema.getType(typename))) return { typename, number };
  for (const [name, [identity, index, count]] of dataset.identities) {
    if (identity === typename && number % count === index) return { typename: name, number };
  }
  return { typename, number };
}

/**
 * Returns a scalar value.
 * @param isExact if false, numbers are rounded to doubles.
 */
export function canonical(value: unknown, isExact = true): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (JSON.isRawJSON(inner)) return isExact ? inner : Number(inner.rawJSON);
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function typeInDataset(dataset: Dataset, parent: Ref, field: string): GraphQLOutputType | undefined {
  const type = dataset.schema.getType(parent.typename);
  if (isObjectType(type) || isAbstractType(type)) {
    return 'getFields' in type ? type.getFields()[field]?.type : undefined;
  }
  return undefined;
}

type Place = { readonly dataset: Dataset; readonly coordinate: string };

function valueOf(place: Place, type: GraphQLOutputType, seed: string): unknown {
  if (isNonNullType(type)) return presentValue(place, type.ofType, seed);
  return hash(`${seed} null`) % 9 === 0 ? null : presentValue(place, type, seed);
}

function presentValue(place: Place, type: GraphQLOutputType, seed: string): unknown {
  if (isListType(type)) {
    const named = getNamedType(type);
    if (isAbstractType(named) && candidates(place, named.name).length === 0) return [];
    return Array.from({ length: hash(`${seed} length`) % 4 }, (_, index) =>
      valueOf(place, type.ofType, `${seed} ${index}`),
    );
  }
  if (isLeafType(type)) return leafValue(type.name, isEnumType(type), seed, place.dataset.isExact);
  return objectValue(place, getNamedType(type).name, seed);
}

function leafValue(name: string, isEnum: boolean, seed: string, isExact: boolean): unknown {
  const number = hash(seed);
  if (isEnum) return ['RED', 'GREEN', 'BLUE'][number % 3];
  switch (name) {
    case 'Int':
      return (number % 2001) - 1000;
    case 'Float':
      return ((number % 2001) - 1000) / 8;
    case 'Boolean':
      return number % 2 === 0;
    case 'Exact':
      return exactValue(seed, isExact);
    case 'Blob':
      return {
        blob: number % 100,
        exact: exactValue(seed, isExact),
        __proto: [null, 1.5, { deep: 'ß"\u2028' }],
      };
    default:
      return number % 7 === 0 ? `ünï "${number}"\n\u2028</script>` : `s${number % 1000}`;
  }
}

function objectValue(place: Place, typename: string, seed: string): Ref | null {
  const names = candidates(place, typename);
  const name = names[hash(`${seed} type`) % names.length];
  if (name === undefined) return null;
  const number = hash(`${seed} number`) % POPULATION;
  const [, index, count] = place.dataset.identities.get(name) ?? [name, 0, 1];
  return { typename: name, number: number * count + index };
}

function candidates({ dataset, coordinate }: Place, typename: string): string[] {
  const type = dataset.schema.getType(typename);
  if (!isAbstractType(type)) return [typename];
  const possible = dataset.possible.get(coordinate);
  const names = dataset.schema.getPossibleTypes(type).map(({ name }) => name);
  return names.filter((name) => possible?.has(name) ?? true).sort();
}
