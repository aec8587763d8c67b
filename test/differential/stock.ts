import { ApolloGateway } from '@apollo/gateway';
import { parse, print } from 'graphql';
import { messageOf } from '../../router/shared/error-message.ts';
import { faultsOfResponse } from './cases.ts';
import type { Case } from './cases.ts';
import { receivedResponse, askOracle, textOf } from './oracle.ts';
import type { ReceivedResponse, Rejection } from './oracle.ts';
import type { GeneratedOperation } from './generate-operation.ts';
import { withDoubles } from './graph.ts';
import type { Graph } from './graph.ts';
import type { StockFault } from './stock-responses.ts';
import { knownStockFault } from './stock-faults.ts';
import { withOtherNames, withoutConditions } from './rewritten-operation.ts';

/** Apollo's own planner and executor over the same subgraphs. */
export type Stock = AsyncDisposable & {
  ask(graph: Graph, operation: GeneratedOperation): Promise<ReceivedResponse | Rejection>;
};

/** Caches one gateway, since cases come graph by graph. */
export function createStock(): Stock {
  process.env['APOLLO_TELEMETRY_DISABLED'] = 'true';
  let current: Loaded | undefined;
  return {
    ask: async (graph, operation) => {
      if (current?.supergraphSdl !== graph.supergraphSdl) {
        await current?.gateway.stop();
        current = await load(graph.supergraphSdl);
      }
      return current.ask(graph, operation);
    },
    [Symbol.asyncDispose]: async () => {
      await current?.gateway.stop();
    },
  };
}

type Loaded = Pick<Stock, 'ask'> & { readonly supergraphSdl: string; readonly gateway: ApolloGateway };

async function load(supergraphSdl: string): Promise<Loaded> {
  let asked: Graph | undefined;
  const gateway = new ApolloGateway({
    supergraphSdl,
    logger: SILENT,
    buildService: ({ name }) => ({
      process: ({ request: { query = '', variables = {} } }) => {
        if (asked === undefined) throw new Error('there is no operation');
        const { data = null, errors = [] } = JSON.parse(
          textOf(asked, name, JSON.stringify({ query, variables })),
        );
        return Promise.resolve({ data, errors });
      },
    }),
  });
  const { executor } = await gateway.load();
  const ask: Stock['ask'] = async (graph, operation) => {
    asked = graph;
    graph.dataset.counter.value = 0;
    graph.dataset.overrides.isTrue = () => false;
    // The executor reads only these members of a request context.
    const context = requestContext(operation) as unknown as Parameters<typeof executor>[0];
    try {
      return receivedResponse(await executor(context));
    } catch (error) {
      return { kind: 'rejected', message: messageOf(error) };
    }
  };
  return { supergraphSdl, gateway, ask };
}

function requestContext({ document: query, operationName, variables }: GeneratedOperation) {
  const document = parse(query);
  return {
    // It rounds literals, so variables are rounded as well.
    request: { query, operationName, variables: JSON.parse(JSON.stringify(variables)) },
    document,
    queryHash: print(document),
    operationName,
    metrics: {},
    cache: undefined,
    logger: SILENT,
  };
}

const silent = () => undefined;
const SILENT = { debug: silent, info: silent, warn: silent, error: silent };

export type StockEvaluation = {
  readonly faults: readonly string[];
  /** The known difference that explains the faults; `undefined` without faults, or if none explains them. */
  readonly knownDifference: string | undefined;
};

/** Returns the faults of the stock executor's response to a case without interference. */
export async function evaluateStock(stock: Stock, exact: Graph, next: Case): Promise<StockEvaluation> {
  // It rounds numbers to doubles, as RFC 8259 allows, so its data contains only doubles.
  const graph = withDoubles(exact);
  const oracle = askOracle(graph, next.operation);
  const response = await stock.ask(graph, next.operation);
  const faults = faultsOfResponse(response, oracle, false);
  if (faults.length === 0) return { faults, knownDifference: undefined };
  const knownDifference = await knownDifferenceOf(stock, { graph, case: next, response, oracle });
  return { faults, knownDifference };
}

async function knownDifferenceOf(stock: Stock, fault: StockFault): Promise<string | undefined> {
  const { graph, case: next } = fault;
  const renamed = withOtherNames(next.operation, graph.reserved);
  if (renamed === undefined) return knownStockFault(fault) ?? (await conditionFault(stock, fault));
  // Names are chosen by the client: with other names, the response must differ in nothing but the names.
  const evaluation = await evaluateStock(stock, graph, { ...next, operation: renamed });
  return evaluation.faults.length === 0 ? NAMES : evaluation.knownDifference;
}

const NAMES =
  '6.3.2 CollectFields, 6.1.2 CoerceVariableValues: an alias or a variable has a name that the planner uses itself';

/** Excluded fields have no effect: removing them from the document must not change the response. */
async function conditionFault(stock: Stock, fault: StockFault): Promise<string | undefined> {
  const { graph } = fault;
  const operation = withoutConditions(fault.case.operation);
  const response = await stock.ask(graph, operation);
  const oracle = askOracle(graph, operation);
  const isRight = faultsOfResponse(response, oracle, false).length === 0;
  // A fault that the conditions hid.
  if (!isRight) return knownStockFault({ graph, case: { ...fault.case, operation }, response, oracle });
  return '3.13.1 @skip, 3.13.2 @include: excluded fields cause others to be omitted';
}
