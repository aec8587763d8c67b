import { Supergraph } from '@apollo/federation-internals';
import { GraphQLSchema, getNamedType, isAbstractType, isInterfaceType, isObjectType } from 'graphql';
import { createOperationPlanner } from '../../router/planning/operation-planner.ts';
import type { OperationPlanner } from '../../router/planning/operation-planner.ts';
import { keepLiteralsExact } from '../../router/shared/graphql/exact-scalars.ts';
import { createCompile } from './compiled.ts';
import type { Compile } from './compiled.ts';
import { compose } from './compose.ts';
import type { SubgraphSdl } from './compose.ts';
import { readsExactly } from './exact-values.ts';
import { hash } from './random.ts';
import { readContextArguments } from './context-values.ts';
import type { ContextArguments } from './context-values.ts';
import { movedFields } from './moved-fields.ts';
import { createSubgraph } from './subgraph.ts';
import type { Subgraph } from './subgraph.ts';
import type { Dataset } from './dataset.ts';

/** A composed graph with its subgraphs and its data. */
export type Graph = {
  readonly seed: string;
  readonly definitions: SubgraphSdl;
  readonly supergraphSdl: string;
  readonly apiSchema: GraphQLSchema;
  /** The API schema for the oracle, which reads literals differently. */
  readonly oracleSchema: GraphQLSchema;
  readonly supergraphSchema: GraphQLSchema;
  readonly subgraphs: ReadonlyMap<string, Subgraph>;
  readonly plan: OperationPlanner;
  /** Response names that the planner uses itself. */
  readonly reserved: ReadonlySet<string>;
  readonly compile: Compile;
  /** Arguments that subgraphs read from objects above their fields. */
  readonly contexts: ContextArguments;
  readonly contextNames: ReadonlySet<string>;
  /** Labels of progressive `@override`. */
  readonly labels: readonly string[];
  readonly dataset: Dataset;
};

/**
 * Composes subgraphs with the seed of their data. `undefined` if they do not compose.
 *
 * @param readyMade a supergraph that another tool composed
 */
export function createGraph(seed: string, definitions: SubgraphSdl, readyMade?: string): Graph | undefined {
  const composition = compose(definitions);
  if (composition.kind === 'rejected') return undefined;
  const { typeDefs } = composition;
  const supergraphSdl = readyMade ?? composition.supergraphSdl;
  const supergraph = Supergraph.build(supergraphSdl, { supportedFeatures: null, validateSupergraph: false });
  const supergraphSchema = supergraph.schema.toGraphQLJSSchema();
  const moved = movedFields(typeDefs);
  const subgraphs = new Map(
    Object.entries(typeDefs).map(([name, sdl]) => [name, createSubgraph(name, sdl, moved)]),
  );
  const apiSchema = supergraph.apiSchema().toGraphQLJSSchema();
  keepLiteralsExact(apiSchema);
  const plan = keepingLast(createOperationPlanner(supergraphSdl));
  return {
    seed,
    definitions,
    supergraphSdl,
    apiSchema,
    oracleSchema: readsExactly(supergraph.apiSchema().toGraphQLJSSchema()),
    supergraphSchema,
    subgraphs,
    plan,
    reserved: namesRead(supergraphSdl, 'key|requires|provides|selection'),
    contextNames: namesRead(supergraphSdl, 'selection'),
    compile: keepingLast(createCompile({ apiSchema, supergraphSchema }, plan)),
    contexts: readContextArguments(supergraphSdl),
    labels: [...new Set([...moved.values()].map(({ label }) => label))].sort(),
    dataset: {
      seed,
      schema: supergraphSchema,
      isExact: true,
      schemaOn: schemasOn(supergraphSchema),
      identities: identitiesIn(supergraphSchema),
      possible: possibleTypes(subgraphs, supergraphSchema),
      fallible: fallibleFields(seed, supergraphSchema, supergraphSdl),
      counter: { value: 0 },
      overrides: { isTrue: () => false },
    },
  };
}

/** Returns the same graph with other data. */
export function withData(graph: Graph, seed: string): Graph {
  const { supergraphSchema, supergraphSdl, dataset } = graph;
  const fallible = fallibleFields(seed, supergraphSchema, supergraphSdl);
  return { ...graph, seed, dataset: { ...dataset, seed, fallible } };
}

/** Returns the same graph, in which every field that nothing reads fails sometimes, non-null fields too. */
export function withFailingFields(graph: Graph): Graph {
  const { supergraphSchema, dataset, reserved } = graph;
  const fallible = new Set<string>();
  for (const type of Object.values(supergraphSchema.getTypeMap())) {
    if (!isObjectType(type) || /^(?:_|Query$|Mutation$)/.test(type.name)) continue;
    const identity = dataset.identities.get(type.name)?.[0] ?? type.name;
    for (const { name } of Object.values(type.getFields()))
      if (!reserved.has(name)) fallible.add(`${identity}.${name}`);
  }
  return { ...graph, dataset: { ...dataset, fallible } };
}

/** Returns the same graph without numbers that doubles cannot represent. */
export function withDoubles(graph: Graph): Graph {
  return { ...graph, dataset: { ...graph.dataset, isExact: false } };
}

/** Caches the last operation, since its cases follow each other. */
function keepingLast<Input, Output>(make: (input: Input) => Output): (input: Input) => Output {
  let last: { readonly key: string; readonly output: Output } | undefined;
  return (input) => {
    const key = JSON.stringify(input);
    if (last?.key !== key) last = { key, output: make(input) };
    return last.output;
  };
}

function schemasOn(whole: GraphQLSchema): Dataset['schemaOn'] {
  const schemas = new Map<string, GraphQLSchema>();
  return (typename) => {
    const known = schemas.get(typename);
    if (known !== undefined) return known;
    const query = whole.getType(typename);
    if (!isObjectType(query)) throw new Error(`${typename} is no object type`);
    const schema = new GraphQLSchema({ ...whole.toConfig(), query, mutation: null, assumeValid: true });
    schemas.set(typename, schema);
    return schema;
  };
}

function identitiesIn(schema: GraphQLSchema): Dataset['identities'] {
  const keyed = schema.getType('Keyed');
  if (!isInterfaceType(keyed)) return new Map();
  const members = schema.getPossibleTypes(keyed);
  return new Map(members.map(({ name }, index) => [name, ['Keyed', index, members.length]]));
}

/** Returns for each abstract field the types that are known to every subgraph with the field. */
function possibleTypes(subgraphs: Graph['subgraphs'], whole: GraphQLSchema): Dataset['possible'] {
  const identities = identitiesIn(whole);
  const possible = new Map<string, Set<string>>();
  for (const { schema } of subgraphs.values()) {
    for (const type of Object.values(schema.getTypeMap())) {
      if (!isObjectType(type) || type.name.startsWith('_')) continue;
      for (const field of Object.values(type.getFields())) {
        const returned = getNamedType(field.type);
        // An interface defined as an object includes all its implementations.
        if (!isAbstractType(returned)) continue;
        const names = schema.getPossibleTypes(returned).map(({ name }) => name);
        const coordinate = `${identities.get(type.name)?.[0] ?? type.name}.${field.name}`;
        const known = possible.get(coordinate);
        possible.set(coordinate, new Set(names.filter((name) => known?.has(name) ?? true)));
      }
    }
  }
  return possible;
}

/** Returns the nullable leaves that no key, `@requires` or `@provides` reads. */
function fallibleFields(seed: string, schema: GraphQLSchema, supergraphSdl: string): ReadonlySet<string> {
  const read = namesRead(supergraphSdl, 'key|requires|provides|selection');
  const fallible = new Set<string>();
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || !/^[EV]\d$/.test(type.name)) continue;
    for (const { name } of Object.values(type.getFields())) {
      if (!read.has(name) && hash(`${seed} ${type.name}.${name} fallible`) % 12 === 0)
        fallible.add(`${type.name}.${name}`);
    }
  }
  return fallible;
}

/** Returns the names of the fields that some of these arguments of directives read. */
function namesRead(supergraphSdl: string, directiveArguments: string): ReadonlySet<string> {
  const pattern = new RegExp(`(?:${directiveArguments}): "((?:[^"\\\\]|\\\\.)*)"`, 'g');
  return new Set([...supergraphSdl.matchAll(pattern)].flatMap(([, fields]) => fields?.match(/\w+/g) ?? []));
}
