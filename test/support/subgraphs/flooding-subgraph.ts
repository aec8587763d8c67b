import { flood, startStubSubgraph } from './stub-subgraph.ts';

/**
 * A process that responds to every request with as many bytes as its argument says, and sends its URL to its
 * parent.
 */
const bytes = Number(process.argv[2]);
const subgraph = await startStubSubgraph(() => flood(bytes));
process.send?.(subgraph.url);
