/** A complete HTTP request, parsed from the bytes of a connection. */
export type DeliveredRequest = {
  readonly method: string;
  /** Values by lower-case name; the last one of repeated headers. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

const HEAD_END = '\r\n\r\n';

/**
 * Parses the requests of one HTTP/1.1 connection from its bytes. Bodies need a content-length, which all
 * callers of subgraphs send.
 */
export function readRequests(found: (request: DeliveredRequest) => void): (bytes: Buffer) => void {
  let unread = Buffer.alloc(0);
  return (bytes) => {
    unread = Buffer.concat([unread, bytes]);
    for (let end = unread.indexOf(HEAD_END); end !== -1; end = unread.indexOf(HEAD_END)) {
      const { method, headers } = readHead(unread.toString('latin1', 0, end));
      const begin = end + HEAD_END.length;
      const length = Number(headers['content-length'] ?? 0);
      if (unread.length < begin + length) return;
      found({ method, headers, body: unread.toString('utf8', begin, begin + length) });
      unread = unread.subarray(begin + length);
    }
  };
}

function readHead(head: string): Pick<DeliveredRequest, 'method' | 'headers'> {
  const [first = '', ...lines] = head.split('\r\n');
  const headers = lines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { method: first.split(' ')[0] ?? '', headers: Object.fromEntries(headers) };
}
