import { isRecord } from '../../router/shared/is-record.ts';

/** The content of a request as sent; nothing of it is validated. */
export type Call = {
  readonly query: unknown;
  readonly operationName: unknown;
  readonly variables: unknown;
  readonly onError: unknown;
};

const NOTHING: Call = {
  query: undefined,
  operationName: undefined,
  variables: undefined,
  onError: undefined,
};

/** Reads the bytes (Latin-1) of a whole HTTP request. */
export function callIn(request: string): Call {
  const head = request.slice(0, request.indexOf('\r\n\r\n'));
  const [method, target = ''] = head.slice(0, head.indexOf('\r\n')).split(' ');
  if (method !== 'GET') return fieldsIn(jsonIn(request.slice(head.length + 4)));
  const given = [...new URLSearchParams(target.slice(target.indexOf('?')))];
  const fields = Map.groupBy(given, ([name]) => name);
  const valueOf = (name: string) => {
    const values = fields.get(name)?.map(([, value]) => value) ?? [];
    return values.length > 1 ? values : values[0];
  };
  return {
    query: valueOf('query'),
    operationName: valueOf('operationName'),
    variables: jsonIn(String(valueOf('variables') ?? 'null')),
    // An empty parameter counts as absent.
    onError: valueOf('onError') || undefined,
  };
}

function fieldsIn(body: unknown): Call {
  if (!isRecord(body)) return NOTHING;
  const { query, operationName, variables, onError } = body;
  return { query, operationName, variables, onError };
}

function jsonIn(latin1: string): unknown {
  try {
    return JSON.parse(Buffer.from(latin1, 'latin1').toString('utf8'));
  } catch {
    return undefined;
  }
}
