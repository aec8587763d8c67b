import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { composeServices } from '@apollo/composition';
import { Supergraph, operationFromDocument } from '@apollo/federation-internals';
import { QueryPlanner, prettyFormatQueryPlan } from '@apollo/query-planner';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { defaultFieldResolver, execute, parse } from 'graphql';
import { compileOperation } from '../../router/execution/compile/compile.ts';
import { executeCompiled } from '../../router/execution/run/execute.ts';
import { createOperationPlanner } from '../../router/planning/operation-planner.ts';
import type { Send, SubgraphResponse } from '../../router/request/subgraph-request.ts';

const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key", "@external", "@requires"])';

type Subgraph = {
  readonly sdl: string;
  /** Values of fields, by coordinate; other fields are properties of their object. */
  readonly values?: Readonly<Record<string, unknown>>;
};
type Subgraphs = Readonly<Record<string, Subgraph>>;

const EXECUTED = {
  query: '{ product(id: "kettle") { name stock } }',
  subgraphs: {
    product: {
      sdl: `type Query {
  product(id: ID!): Product
}
type Product @key(fields: "id") {
  id: ID!
  name: String
}`,
      values: { 'Query.product': { id: 'kettle', name: 'Kettle' } },
    },
    inventory: {
      sdl: `type Product @key(fields: "id") {
  id: ID!
  stock: Int
}`,
      values: { 'Product.stock': 3 },
    },
  },
};

const PATCHED = {
  query: '{ product { price(currency: "GBP") tax } }',
  subgraphs: {
    product: {
      sdl: `type Query {
  product: Product
}
type Product @key(fields: "id") {
  id: ID!
  price(currency: String): Int
}`,
    },
    tax: {
      sdl: `type Product @key(fields: "id") {
  id: ID!
  price(currency: String): Int @external
  tax: Int @requires(fields: "price(currency: \\"EUR\\")")
}`,
    },
  },
};

/** The example of router/execution/README.md: an operation, its plan, its generated code and its response. */
export async function executionExample(): Promise<string> {
  const { query, subgraphs } = EXECUTED;
  const supergraphSdl = compose(subgraphs);
  const supergraph = Supergraph.build(supergraphSdl);
  const outcome = createOperationPlanner(supergraphSdl)({ document: query, operationName: undefined });
  if (outcome.kind !== 'planned') throw new Error(outcome.message);
  const generated = await recordGeneratedCode(async () => {
    const operation = compileOperation({
      apiSchema: supergraph.apiSchema().toGraphQLJSSchema(),
      supergraphSchema: supergraph.schema.toGraphQLJSSchema(),
      document: parse(query),
      plan: outcome.plan,
    });
    const calls: string[] = [];
    const { signal } = new AbortController();
    const { data } = await executeCompiled(operation, {
      variables: {},
      send: sendTo(subgraphs, calls),
      signal,
    });
    return { data, calls };
  });
  const code = longestOf(generated.code)
    .map(({ file, text }) => `// ${file}\n${text}`)
    .join('\n\n');
  return [
    ...schemas(subgraphs),
    block('graphql', query),
    '### The plan',
    block('', prettyFormatQueryPlan(outcome.plan)),
    '### The generated code',
    block('js', formatted(code)),
    '### The calls and the data',
    block('', [...generated.result.calls, generated.result.data].join('\n')),
  ].join('\n\n');
}

/**
 * The example of router/planning/README.md: a plan of the stock planner and the plan that the router
 * executes.
 */
export function planningExample(): string {
  const { query, subgraphs } = PATCHED;
  const supergraphSdl = compose(subgraphs);
  const supergraph = Supergraph.build(supergraphSdl);
  const operation = operationFromDocument(supergraph.apiSchema(), parse(query));
  const stock = new QueryPlanner(supergraph).buildQueryPlan(operation);
  const outcome = createOperationPlanner(supergraphSdl)({ document: query, operationName: undefined });
  if (outcome.kind !== 'planned') throw new Error(outcome.message);
  return [
    ...schemas(subgraphs),
    block('graphql', query),
    '### The plan of the stock planner',
    block('', prettyFormatQueryPlan(stock)),
    '### The plan that the router executes',
    block('', prettyFormatQueryPlan(outcome.plan)),
  ].join('\n\n');
}

function schemas(subgraphs: Subgraphs): readonly string[] {
  return Object.entries(subgraphs).map(([name, { sdl }]) => block('graphql', `# ${name}\n${sdl}`));
}

function block(language: string, code: string): string {
  return `\`\`\`${language}\n${code.trimEnd()}\n\`\`\``;
}

function compose(subgraphs: Subgraphs): string {
  const { supergraphSdl, errors } = composeServices(
    Object.entries(subgraphs).map(([name, { sdl }]) => ({
      name,
      url: `http://${name}.example`,
      typeDefs: parse(`${LINK}\n${sdl}`),
    })),
  );
  if (supergraphSdl === undefined) throw new Error((errors ?? []).join('\n'));
  return supergraphSdl;
}

/** Executes each call in the schema of its subgraph, and records it. */
function sendTo(subgraphs: Subgraphs, calls: string[]): Send {
  return async ({ subgraph, body }): Promise<SubgraphResponse> => {
    calls.push(`${subgraph}: ${body}`);
    const { sdl = '', values = {} } = subgraphs[subgraph] ?? {};
    const { query, variables } = JSON.parse(body) as { readonly query: string; readonly variables?: object };
    const { data } = await execute({
      schema: buildSubgraphSchema(parse(`${LINK}\n${sdl}`)),
      document: parse(query),
      variableValues: { ...variables },
      fieldResolver: (source, args, context, info) =>
        values[`${info.parentType.name}.${info.fieldName}`] ??
        defaultFieldResolver(source, args, context, info),
    });
    return { kind: 'received', data: structuredClone(data ?? null), errors: [] };
  };
}

type Generated = { readonly file: string; readonly text: string };

/** The longest program of each file that generates code for reading and writing data. */
function longestOf(code: readonly Generated[]): readonly Generated[] {
  const files = ['merge.ts', 'collect.ts', 'representation.ts', 'completion.ts'];
  return files.map((file) =>
    code
      .filter((program) => program.file === file)
      .reduce((longest, program) => (program.text.length > longest.text.length ? program : longest)),
  );
}

/**
 * Runs `work` with a function constructor that records the code that it compiles, and the file that made it.
 */
async function recordGeneratedCode<Result>(
  work: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly code: readonly Generated[] }> {
  const code: Generated[] = [];
  const { Function: original } = globalThis;
  globalThis.Function = new Proxy(original, {
    construct(target, args: string[]) {
      const [, file = ''] = /execution\/(?!codegen\/code-unit)[\w/-]+\/([\w-]+\.ts)/.exec(stackOf()) ?? [];
      code.push({ file: basename(file), text: args.at(-1)?.replace('"use strict";', '') ?? '' });
      return Reflect.construct(target, args) as () => unknown;
    },
  });
  try {
    return { result: await work(), code };
  } finally {
    globalThis.Function = original;
  }
}

function stackOf(): string {
  return new Error('stack').stack ?? '';
}

/**
 * The code as the formatter of the repository writes it; the top level returns, which is no syntax of a
 * module.
 */
function formatted(code: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-example-'));
  try {
    const file = join(folder, 'example.js');
    const root = join(import.meta.dirname, '..', '..');
    const parts = code.split(/\n\n(?=\/\/ )/);
    writeFileSync(file, parts.map((part, index) => `function part${index}() {\n${part}\n}`).join('\n\n'));
    const oxfmt = join(root, 'node_modules', 'oxfmt', 'bin', 'oxfmt');
    const { status, stderr } = spawnSync(
      process.execPath,
      [oxfmt, '--config', join(root, '.oxfmtrc.json'), file],
      { encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(stderr);
    return readFileSync(file, 'utf8')
      .replaceAll(/^function part\d+\(\) \{\n([^]*?)^\}$/gm, (_, body: string) =>
        body.replaceAll(/^ {2}/gm, ''),
      )
      .replaceAll(/\n{3,}/g, '\n\n');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
