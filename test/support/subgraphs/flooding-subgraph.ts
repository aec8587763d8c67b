import { flood, startStubSubgraph } from './stub-subgraph.ts';

/**
 * A process that responds to every request with as many bytes as its argument says. It sends its URL to its
 * parent, and after each response the number of bytes that the kernel has accepted of it.
 */
const bytes = Number(process.argv[2]);
const subgraph = await startStubSubgraph(() => (response, request) => {
  const { socket } = response;
  socket?.once('close', () => process.send?.(socket.bytesWritten));
  flood(bytes)(response, request);
});
process.send?.(subgraph.url);
