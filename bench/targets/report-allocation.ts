import { createServer } from 'node:net';
import { getHeapStatistics } from 'node:v8';
import { isMainThread } from 'node:worker_threads';
import { heapSocket } from '../harness/allocation.ts';

/*
 * Loaded with `--import` before the router: sends the number of bytes that the main isolate has allocated on
 * its heap to each client of a local socket. The router itself stays unchanged.
 */

// Threads of the router inherit the flag, but only the main thread serves requests.
if (isMainThread) {
  createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(String(getHeapStatistics().total_allocated_bytes));
  })
    .listen({ path: heapSocket(process.pid) })
    .unref();
}
