import { Supergraph } from '@apollo/federation-internals';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { execute, parse, print, validate } from 'graphql';
import type { GraphQLSchema } from 'graphql';
import { createGuards } from '../../../router/authorization/authorization.ts';
import { createPolicyEvaluator } from '../../../router/authorization/requirement.ts';
import type { Subject } from '../../../router/authorization/requirement.ts';
import { extractAuthDirectives } from '../../../router/authorization/extract-auth-directives.ts';
import { compileOperation } from '../../../router/execution/compile/compile.ts';
import { executeCompiled } from '../../../router/execution/run/execute.ts';
import type { ExecutionOutcome } from '../../../router/execution/run/execute.ts';
import type { Send } from '../../../router/request/subgraph-request.ts';
import { createOperationPlanner } from '../../../router/planning/operation-planner.ts';
import { compose } from '../../../router/supergraph/compose.ts';

export const TYPES = ['A', 'B', 'C'] as const;

/**
 * Directives by coordinate: of each type, of its fields `f`, `g` and `h`, and of the enum `Level` that `g`
 * returns.
 */
export type Demands = Readonly<Record<string, string>>;

export const COORDINATES = [
  ...TYPES.flatMap((type) => [type, `${type}.f`, `${type}.g`, `${type}.h`]),
  'Level',
];

export type DemandingGraph = (
  source: string,
  subject: Subject,
) => Promise<
  Omit<ExecutionOutcome, 'data'> & {
    readonly data: unknown;
    /** Coordinates of the fields that were requested from subgraphs. */
    readonly resolved: ReadonlySet<string>;
  }
>;

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12",
  import: ["@key", "@authenticated", "@requiresScopes", "@policy"])`;

/**
 * Composes a graph of three object types in two subgraphs. Each type is returned by a field of its own, by
 * two interfaces and by a union. Its fields `f` and `g` are in the same subgraph, `h` is in the other. The
 * role `staff` satisfies the policy `p`.
 */
export function demandingGraph(demands: Demands): DemandingGraph {
  const { first, second } = sdlOf(demands);
  const composition = compose([
    { name: 'first', url: 'http://first', sdl: first, place: 'first' },
    { name: 'second', url: 'http://second', sdl: second, place: 'second' },
  ]);
  if (composition.kind === 'failed') throw new Error(JSON.stringify(composition.findings));
  const { document, requirements } = extractAuthDirectives(parse(composition.supergraphSdl));
  const sdl = print(document);
  const supergraph = Supergraph.build(sdl);
  const apiSchema = supergraph.apiSchema().toGraphQLJSSchema();
  const supergraphSchema = supergraph.schema.toGraphQLJSSchema();
  const guard = createGuards(apiSchema, requirements, createPolicyEvaluator({ p: { roles: ['staff'] } }));
  const plan = createOperationPlanner(sdl);
  const resolved = new Set<string>();
  const send = sendTo(
    new Map([
      ['first', serve(first, resolved)],
      ['second', serve(second, resolved)],
    ]),
  );

  return async (source, subject) => {
    const document = parse(source);
    const [invalid] = validate(apiSchema, document);
    if (invalid !== undefined) throw invalid;
    const restriction = guard(document, undefined)?.restrictionFor(subject);
    const planned = restriction === undefined ? source : print(restriction.document);
    const outcome = plan({ document: planned, operationName: undefined });
    if (outcome.kind === 'rejected') throw new Error(outcome.message);
    const denials = restriction && { denials: restriction.denials };
    const operation = compileOperation({ apiSchema, supergraphSchema, document, ...outcome, ...denials });
    resolved.clear();
    const { signal } = new AbortController();
    const { data, ...rest } = await executeCompiled(operation, { variables: {}, send, signal });
    return { ...rest, data: JSON.parse(data), resolved: new Set(resolved) };
  };
}

function sdlOf(demands: Demands): { readonly first: string; readonly second: string } {
  const on = (name: string) => demands[name] ?? '';
  const objects = TYPES.map(
    (type) => `
    type ${type} implements Node & Named @key(fields: "id") ${on(type)} {
      id: ID! f: Int ${on(`${type}.f`)} g: Level ${on(`${type}.g`)} self: ${type} node: Node any: Any
    }`,
  );
  const entities = TYPES.map(
    (type) => `type ${type} @key(fields: "id") { id: ID! h: Int ${on(`${type}.h`)} }`,
  );
  return {
    first: `${LINK}
      type Query { A: A B: B C: C nodes: [Node] named: [Named] anys: [Any] }
      interface Node { id: ID! f: Int g: Level }
      interface Named { f: Int g: Level node: Node }
      union Any = ${TYPES.join(' | ')}
      enum Level ${on('Level')} { LOW }
      ${objects.join('\n')}`,
    second: `${LINK} ${entities.join('\n')}`,
  };
}

function serve(sdl: string, resolved: Set<string>): GraphQLSchema {
  const objectOf = (type: string): unknown => {
    const read = (name: string, value: unknown) => () => {
      resolved.add(`${type}.${name}`);
      return value;
    };
    const self = () => objectOf(type);
    const fields = { f: read('f', 1), g: read('g', 'LOW'), h: read('h', 2) };
    return { __typename: type, id: type, ...fields, self, node: self, any: self };
  };
  const all = () => TYPES.map(objectOf);
  const ofQuery = Object.fromEntries(TYPES.map((type) => [type, () => objectOf(type)]));
  const reference = { __resolveReference: ({ __typename }: { __typename: string }) => objectOf(__typename) };
  const resolvers = {
    ...Object.fromEntries(TYPES.map((type) => [type, reference])),
    ...(sdl.includes('type Query') && { Query: { ...ofQuery, nodes: all, named: all, anys: all } }),
  };
  return buildSubgraphSchema([{ typeDefs: parse(sdl), resolvers }]);
}

function sendTo(services: ReadonlyMap<string, GraphQLSchema>): Send {
  return async ({ subgraph, body }) => {
    const schema = services.get(subgraph);
    if (schema === undefined) throw new Error(`no service ${subgraph}`);
    const { query, variables } = JSON.parse(body);
    const { data, errors } = await execute({ schema, document: parse(query), variableValues: variables });
    if (errors?.[0]) throw errors[0];
    return { kind: 'received', data: JSON.parse(JSON.stringify(data)), errors: [] };
  };
}
