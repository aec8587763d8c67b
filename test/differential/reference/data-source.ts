import type { GraphQLDataSource } from '@apollo/gateway';
import { GraphQLError, Kind, parse } from 'graphql';
import type { GraphQLFormattedError } from 'graphql';
import type { CancelSignal } from '../../../router/request/cancel-signal.ts';
import type {
  Send,
  SubgraphError,
  SubgraphFailure,
  SubgraphRequest,
  SubgraphResponse,
} from '../../../router/request/subgraph-request.ts';
import { responseName } from '../../../router/shared/graphql/response-name.ts';
import { PrecisionError, toDoubles } from './double-precision.ts';

/** The send and the abort signal of the client request of a gateway context. */
export type CallerOf = (context: Readonly<Record<string, unknown>>) => {
  readonly send: Send;
  readonly signal: CancelSignal;
};

type ReceivedResponse = Extract<SubgraphResponse, { kind: 'received' }>;
type ProcessOptions = Parameters<GraphQLDataSource['process']>[0];

/** Lets Apollo Gateway's own executor call a subgraph through the same send as the router's. */
export function createDataSource(subgraph: string, callerOf: CallerOf): GraphQLDataSource {
  return {
    async process(options) {
      const { send, signal } = callerOf(options.context);
      const response = await send(toSubgraphRequest(subgraph, options.request), signal);
      // Thrown, not returned: the gateway would put the `@` of its plan's list paths into the path of a
      // returned error.
      if (response.kind === 'failed') throw failureError(response.failure, lostPath(options));
      const data = plainData(response.data, () => failureError(imprecise(subgraph), lostPath(options)));
      if (response.errors.length === 0) return { data };
      return { data, errors: response.errors.map((error) => responseError(error, subgraph)) };
    },
  };
}

/** Apollo Gateway takes every object for a record, exact numbers too. */
function plainData(
  data: ReceivedResponse['data'],
  onLoss: () => GraphQLError,
): Record<string, unknown> | null {
  if (data === null) return null;
  try {
    return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, toDoubles(value)]));
  } catch (error) {
    throw error instanceof PrecisionError ? onLoss() : error;
  }
}

function imprecise(service: string): SubgraphFailure {
  const message = `the response of ${service} has an integer that Apollo Gateway's executor cannot keep exact`;
  return { code: 'SUBGRAPH_INVALID_RESPONSE', service, message };
}

function toSubgraphRequest(
  subgraph: string,
  { query, variables }: ProcessOptions['request'],
): SubgraphRequest {
  return {
    subgraph,
    // The text of the fetch and not the client's operation: the later fetches of a mutation are queries.
    operation: query?.startsWith('mutation') === true ? 'mutation' : 'query',
    body: JSON.stringify({ query, variables }),
  };
}

/** The path of the fetch's data: up to the first list, whose items cannot be distinguished here. */
function lostPath(options: ProcessOptions): readonly (string | number)[] {
  const path = ('pathInIncomingRequest' in options && options.pathInIncomingRequest) || [];
  const list = path.indexOf('@');
  const reached = list === -1 ? path : path.slice(0, list);
  return reached.length > 0 ? reached : firstField(options.request.query);
}

function firstField(query = ''): readonly string[] {
  const [operation] = parse(query).definitions;
  if (operation?.kind !== Kind.OPERATION_DEFINITION) return [];
  const [field] = operation.selectionSet.selections;
  return field?.kind === Kind.FIELD ? [responseName(field)] : [];
}

function failureError(failure: SubgraphFailure, path: readonly (string | number)[]): GraphQLError {
  const { message, errors: _, ...extensions } = failure;
  return new GraphQLError(message, { path, extensions });
}

function responseError({ message, path, extensions }: SubgraphError, service: string): GraphQLFormattedError {
  return {
    message,
    ...(path === undefined ? {} : { path }),
    extensions: { ...extensions, code: extensions?.['code'] ?? 'SUBGRAPH_ERROR', service },
  };
}
