import type { Socket } from 'node:net';

/** Parameters with which the HTTP client undici calls `write` of a socket. */
export type SocketWrite = (chunk: unknown, encoding?: unknown, callback?: unknown) => boolean;

/**
 * Maximum length in bytes of a request body that is copied into one buffer together with the head. For a
 * longer body, copying costs more than writing two buffers.
 */
const MAX_COPIED_BYTES = 65_536;

/**
 * Makes a socket send the head and the body of a request as one buffer. The HTTP client undici writes them
 * separately to the corked socket, and Node would send them with `writev`. One buffer saves about 1 µs of the
 * 30 µs of CPU time that a call takes.
 */
export function joinWrites(socket: Socket): void {
  const write = socket.write.bind(socket) as SocketWrite;
  const uncork = socket.uncork.bind(socket);
  let head: string | undefined;

  function flushHead(): void {
    if (head === undefined) return;
    const text = head;
    head = undefined;
    write(text, 'latin1');
  }

  const joined: SocketWrite = (chunk, encoding, callback) => {
    if (head === undefined) {
      if (typeof chunk !== 'string' || encoding !== 'latin1' || socket.writableCorked === 0)
        return write(chunk, encoding, callback);
      head = chunk;
      return !socket.writableNeedDrain;
    }
    if (!Buffer.isBuffer(chunk) || chunk.length > MAX_COPIED_BYTES) {
      flushHead();
      return write(chunk, encoding, callback);
    }
    const whole = Buffer.allocUnsafe(head.length + chunk.length);
    whole.write(head, 0, 'latin1');
    whole.set(chunk, head.length);
    head = undefined;
    return write(whole, encoding, callback);
  };

  socket.write = joined;
  socket.uncork = () => {
    flushHead();
    uncork();
  };
}
