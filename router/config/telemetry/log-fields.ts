/** A field of log lines, as `docs/logs.md` describes it. */
export type LogFieldDescription = {
  /** Meaning of the field's value. */
  readonly description: string;
  /** Example of the field's value, as it appears in JSON. */
  readonly example: unknown;
};

/** Fields that every log line has. They can be renamed, but not left out. */
const LINE_FIELDS = {
  time: { description: 'Time in ISO 8601, UTC, with milliseconds.', example: '2026-11-27T15:18:28.413Z' },
  level: { description: '`debug`, `info`, `warn` or `error`.', example: 'info' },
  msg: { description: 'Fixed text of the event, `request` for a request.', example: 'request' },
} as const satisfies Record<string, LogFieldDescription>;

/** Fields of the log line that is written for each request, in their order. */
const REQUEST_FIELDS = {
  service: { description: '`telemetry.serviceName`.', example: 'tributary' },
  requestId: {
    description: 'Value of `x-request-id`, or a new UUID; in the response, and in the logs of all subgraphs.',
    example: '4a4f912f-f527-470d-b0e1-4281c4e86a2c',
  },
  traceId: { description: 'Id of the trace.', example: '4bf92f3577b34da6a3ce929d0e0e4736' },
  spanId: {
    description: "Id of the request's span, if spans are exported or the router has started the trace.",
    example: '00f067aa0ba902b7',
  },
  correlationId: { description: 'Value of `x-correlation-id`.', example: 'checkout-7' },
  method: { description: 'HTTP method.', example: 'POST' },
  path: { description: 'Path without the query string, at most 256 characters.', example: '/graphql' },
  status: { description: 'HTTP status.', example: 200 },
  ms: { description: 'Milliseconds until the response was written, to the microsecond.', example: 312.405 },
  clientIp: { description: 'Address of the client behind `listen.trustedProxies`.', example: '192.0.2.7' },
  userAgent: { description: 'Value of `user-agent`, at most 256 characters.', example: 'shop-web/3.1' },
  clientName: {
    description: 'Name that the client sends (`apollographql-client-name` or `graphql-client-name`).',
    example: 'web',
  },
  clientVersion: { description: 'Version that the client sends (`…-client-version`).', example: '3.1' },
  graph: { description: 'Name of the contract; absent for the whole graph.', example: 'partner' },
  operationName: { description: 'Name of the operation, at most 512 characters.', example: 'OrderPage' },
  operationType: { description: '`query` or `mutation`.', example: 'query' },
  operationHash: {
    description:
      'First 16 hexadecimal digits of the signature, which is equal for operations that differ only in literals, aliases and spelling; [recorded operations](recorded-operations.md) have it, too.',
    example: '3f1c9a0b77d2e415',
  },
  userId: { description: '`sub` of the verified token.', example: 'u-17' },
  userIssuer: {
    description: '`iss` of the verified token; two issuers may give out equal ids.',
    example: 'https://id.example',
  },
  tenant: {
    description: 'Tenant of the verified token (`authentication.issuers[].claims.tenant`).',
    example: 'acme',
  },
  cost: {
    description:
      '`requested` is the estimate in points that was charged, `actual` replaces it if it was computed.',
    example: { requested: 28, actual: 12 },
  },
  rateLimitRemaining: { description: "Points left in the caller's emptiest bucket.", example: 972 },
  subgraphs: {
    description:
      'Calls of each subgraph: number, milliseconds of all of them together, and of the slowest. Calls of another request that this one waited for count, too (`deduplicatedBy`, `deduplicatedCalls`).',
    example: { inventory: { calls: 2, ms: 263.1, slowest: 251.404 } },
  },
  criticalPath: {
    description: 'What the response waited for. The parts add up to `ms`.',
    example: '312 ms: order 40 → inventory 251 (waited 180 for a connection) → router 21',
  },
  degraded: { description: 'Subgraphs whose data is missing or replaced.', example: ['inventory'] },
  codes: {
    description: '[Error codes](errors.md) of the response, each once.',
    example: ['SUBGRAPH_TIMEOUT'],
  },
  cache: {
    description:
      '`hit` if the operation was prepared before, `miss` if it was parsed and planned for this request, `joined` if the request shared the execution of another.',
    example: 'hit',
  },
  generation: { description: 'Version of the supergraph.', example: '659decbcc07f' },
  bytes: { description: 'Bytes of the response body.', example: 665 },
  deduplicatedBy: {
    description: 'Request that executed the operation, if this one only waited for it.',
    example: 'req-1',
  },
  deduplicatedCalls: {
    description: 'Requests whose subgraph calls this one used, by subgraph.',
    example: { product: 'req-1' },
  },
  deprecated: {
    description: 'Deprecated fields and arguments that the operation uses, at most 50.',
    example: ['Product.sku'],
  },
} as const satisfies Record<string, LogFieldDescription>;

/** Fields that only lines of the audit log have. */
const AUDIT_FIELDS = {
  stream: { description: '`audit` for lines of the audit stream.', example: 'audit' },
  code: { description: '[Error code](errors.md) of the rejection.', example: 'TOKEN_EXPIRED' },
  reason: {
    description: 'What is wrong with the token, or which fields were denied.',
    example: 'the token has expired',
  },
  verified: {
    description:
      '`false` if who and issuer are only what the token claims, because its signature was not verified.',
    example: false,
  },
  jti: { description: '`jti` of the token.', example: 'b7d1' },
  kid: { description: '`kid` of the token.', example: '2026-10' },
  denied: { description: 'Denied fields as response paths, at most 20.', example: ['users.email'] },
} as const satisfies Record<string, LogFieldDescription>;

/** All fields of log lines for requests and of audit lines, in the order of `docs/logs.md`. */
export const LOG_FIELDS = { line: LINE_FIELDS, request: REQUEST_FIELDS, audit: AUDIT_FIELDS } as const;

export type RequestField = keyof typeof REQUEST_FIELDS;
export type LogField = keyof typeof LINE_FIELDS | RequestField | keyof typeof AUDIT_FIELDS;

/** Names of the log fields that `include` and `exclude` of the configuration accept. */
export const REQUEST_FIELD_NAMES: readonly RequestField[] = namesOf(REQUEST_FIELDS);

/** Names of the log fields that can be renamed and redacted. */
export const LOG_FIELD_NAMES: readonly LogField[] = [
  ...namesOf(LINE_FIELDS),
  ...REQUEST_FIELD_NAMES,
  ...namesOf(AUDIT_FIELDS),
];

function namesOf<Fields extends object>(fields: Fields): (keyof Fields)[] {
  return Object.keys(fields) as (keyof Fields)[];
}
