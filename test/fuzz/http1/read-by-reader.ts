import { ResponseReader } from '../../../router/subgraph/transport/http1/response-reader.ts';
import type { ResponseHead } from '../../../router/subgraph/transport/http1/response-head.ts';

/** Result of reading the bytes of one connection. */
export type ReadOutcome =
  | {
      readonly kind: 'response';
      readonly status: number;
      readonly headers: Readonly<Record<string, string | string[] | undefined>>;
      readonly body: string;
      /** Whether the client would use the connection for another request. */
      readonly isReusable: boolean;
    }
  | { readonly kind: 'rejected' }
  /** The response was not complete when the bytes ended. */
  | { readonly kind: 'incomplete' };

/** Reads the parts by the built-in reader. The server then closes the connection if `closes` is true. */
export function readByReader(parts: readonly Buffer[], closes: boolean): ReadOutcome {
  let head: ResponseHead | undefined;
  const body: Buffer[] = [];
  const reader = new ResponseReader({
    onHead: (received) => (head = received),
    // A view is copied, because the connection reads the next bytes into the same buffer.
    onBody: (bytes) => body.push(Buffer.from(bytes)),
  });
  let isAtEnd = true;
  for (const part of parts) {
    if (reader.isDone) isAtEnd = false;
    else isAtEnd = reader.read(part) === part.length;
    if (reader.fault !== undefined) return { kind: 'rejected' };
  }
  if (!reader.isDone && closes) reader.close();
  if (!reader.isDone || head === undefined) return { kind: 'incomplete' };
  return {
    kind: 'response',
    status: head.status,
    headers: { ...head.headers },
    body: Buffer.concat(body).toString('latin1'),
    isReusable: isAtEnd && head.isReusable && isKept(head.keepAliveMs) && !closes,
  };
}

// As in the connection: a server that closes idle connections within 2 s is not trusted with another request.
function isKept(keepAliveMs: number | undefined): boolean {
  return keepAliveMs === undefined || keepAliveMs > 2_000;
}
