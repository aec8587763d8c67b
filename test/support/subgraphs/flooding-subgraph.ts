import { flood, startStubSubgraph } from './stub-subgraph.ts';

/**
 * A process that answers every request with as many bytes as its argument says, and tells its parent its URL.
 */
const bytes = Number(process.argv[2]);
const subgraph = await startStubSubgraph(() => flood(bytes));
process.send?.(subgraph.url);
