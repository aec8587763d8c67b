import type { Socket } from 'node:net';
import type { Batch } from './batches.ts';

const BUFFER_BYTES = 65_536;

/**
 * Buffer in which all connections write their requests before they send them. The kernel nearly always takes
 * the bytes of a request at once, so the next request can overwrite them.
 */
let sharedBuffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);

/** Sends requests together: in one write on one connection. */
export function sendBatch(batch: Batch, socket: Socket): void {
  let maxBytes = 0;
  for (const request of batch) maxBytes += request.maxBytes;
  const buffer = maxBytes > BUFFER_BYTES ? Buffer.allocUnsafeSlow(maxBytes) : sharedBuffer;
  let end = 0;
  for (const request of batch) end = request.write(buffer, end);
  socket.write(buffer.subarray(0, end));
  // If the kernel has not taken all bytes, the socket still needs this buffer. Later requests use another
  // buffer.
  if (buffer === sharedBuffer && socket.writableLength > 0)
    sharedBuffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
}
