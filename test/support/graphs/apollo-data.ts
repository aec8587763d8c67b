import { ApolloGateway } from '@apollo/gateway';
import { parse } from 'graphql';
import type { FederatedGraph } from './federated-graph.ts';

const silent = () => undefined;
const logger = { debug: silent, info: silent, warn: silent, error: silent };

/** Executes an operation with Apollo's planner and executor. Returns its data, and the number of calls. */
export async function apolloData(
  { supergraphSdl, respond }: Pick<FederatedGraph, 'supergraphSdl' | 'respond'>,
  query: string,
): Promise<{ readonly data: unknown; readonly calls: number }> {
  let calls = 0;
  const gateway = new ApolloGateway({
    supergraphSdl,
    logger,
    buildService: ({ name }) => ({
      process: async ({ request }) => {
        calls += 1;
        const { query: text, variables } = request;
        const response = await respond(name, JSON.stringify({ query: text, variables }));
        if (response.kind === 'failed') throw new Error(response.failure.message);
        return { data: response.data, errors: [] };
      },
    }),
  });
  try {
    const { executor } = await gateway.load();
    const request = { query, variables: {} };
    const document = parse(query);
    const context = { request, document, queryHash: query, metrics: {}, cache: undefined, logger };
    // The executor reads only these members of a request context.
    const { data } = await executor(context as unknown as Parameters<typeof executor>[0]);
    return { data: JSON.parse(JSON.stringify(data)), calls };
  } finally {
    await gateway.stop();
  }
}
