import type { SourceLocation } from 'graphql';
import { shortened } from './error-message.ts';

type ErrorEntry = {
  /**
   * HTTP status of the response to a request that is rejected with this code. It is 200 for codes that occur
   * only in responses with data.
   */
  readonly status: number;
  /**
   * True if clients receive the error's own message; false if they receive only the general text `meaning`.
   */
  readonly exposed: boolean;
  readonly meaning: string;
  readonly remedy: string;
  /**
   * Error code for the parameter `error` of the response header `WWW-Authenticate` (RFC 6750 section 3.1).
   */
  readonly challenge?: ChallengeError;
};

type ChallengeError = 'invalid_request' | 'invalid_token' | 'insufficient_scope';

/** All error codes that clients can receive. `docs/errors.md` is generated from this table. */
export const ERRORS = {
  BAD_REQUEST: {
    status: 400,
    exposed: true,
    meaning: 'The HTTP request is not a GraphQL request.',
    remedy:
      'Send a POST request with a JSON object that has a string `query`, see the GraphQL-over-HTTP specification.',
  },
  GRAPHQL_PARSE_FAILED: {
    status: 400,
    exposed: true,
    meaning: 'The document has a GraphQL syntax error.',
    remedy: 'Fix the syntax error at the given location.',
  },
  GRAPHQL_VALIDATION_FAILED: {
    status: 400,
    exposed: true,
    meaning: 'The document is not valid for the schema.',
    remedy: 'Compare the document with the schema at the given location.',
  },
  BAD_USER_INPUT: {
    status: 400,
    exposed: true,
    meaning: 'A variable or an argument has a value that its type does not allow.',
    remedy: 'Send a value of the declared type.',
  },
  OPERATION_RESOLUTION_FAILURE: {
    status: 400,
    exposed: true,
    meaning:
      'The document has no operation with the given name, or has several operations and no name was given.',
    remedy: 'Set `operationName` to the name of an operation in the document.',
  },
  PERSISTED_QUERY_NOT_FOUND: {
    status: 200,
    exposed: true,
    meaning: 'No operation is stored under this hash.',
    remedy: 'Repeat the request with the document.',
  },
  PERSISTED_QUERY_NOT_SUPPORTED: {
    status: 200,
    exposed: true,
    meaning: 'Persisted queries are disabled.',
    remedy: 'Send the document with each request.',
  },
  PERSISTED_QUERY_NOT_IN_LIST: {
    status: 404,
    exposed: true,
    meaning: 'The manifest has no operation with this id, and only operations of the manifest are served.',
    remedy: 'Publish the manifest of a client to the router before releasing the client.',
  },
  QUERY_NOT_IN_SAFELIST: {
    status: 403,
    exposed: true,
    meaning: 'The operation is not in the manifest, and only operations of the manifest are served.',
    remedy: "Send an operation of the client's manifest, by its id or with exactly the same text.",
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    exposed: true,
    meaning: 'The HTTP method is not allowed for this path.',
    remedy: 'Use a method of the Allow header. Mutations require POST.',
  },
  NOT_FOUND: {
    status: 404,
    exposed: true,
    meaning: 'The path does not exist.',
    remedy: 'Send GraphQL requests to the configured path, by default /graphql.',
  },
  NOT_ACCEPTABLE: {
    status: 406,
    exposed: true,
    meaning: 'The Accept header allows no media type that the router supports.',
    remedy: 'Accept application/graphql-response+json or application/json.',
  },
  REQUEST_TIMEOUT: {
    status: 408,
    exposed: true,
    meaning: 'The request was not received in time.',
    remedy: 'Repeat the request over a faster connection.',
  },
  PAYLOAD_TOO_LARGE: {
    status: 413,
    exposed: true,
    meaning: 'The request body exceeds the size limit.',
    remedy: 'Send a smaller request, or ask the operator to raise limits.bodyBytes.',
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    exposed: true,
    meaning: 'The URL and the headers of the request together exceed the size limit.',
    remedy:
      'Send fewer cookies and shorter headers, send POST instead of a long GET, or ask the operator to raise limits.headerBytes.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    exposed: true,
    meaning: 'The body is not JSON, or has an unsupported encoding.',
    remedy:
      'Send content-type application/json in UTF-8, uncompressed or compressed with gzip, deflate, br or zstd.',
  },
  CSRF_PREVENTED: {
    status: 400,
    exposed: true,
    meaning: 'The request could come from a web page of another origin, because it needs no CORS preflight.',
    remedy: 'Send content-type application/json or the header apollo-require-preflight.',
  },
  MAX_LENGTH_LIMIT: {
    status: 400,
    exposed: true,
    meaning: 'The document, or a name in it, exceeds the length limit.',
    remedy:
      'Pass long values as variables and split the operation, or ask the operator to raise limits.documentLength or limits.nameLength.',
  },
  MAX_TOKENS_LIMIT: {
    status: 400,
    exposed: true,
    meaning: 'The document exceeds the limit of tokens.',
    remedy: 'Split the operation, or ask the operator to raise limits.tokens.',
  },
  MAX_DEPTH_LIMIT: {
    status: 400,
    exposed: true,
    meaning: 'The operation exceeds the limit of nesting depth.',
    remedy: 'Select fewer levels in one operation, or ask the operator to raise limits.depth.',
  },
  MAX_ALIASES_LIMIT: {
    status: 400,
    exposed: true,
    meaning: 'The operation exceeds the limit of aliases.',
    remedy: 'Use fewer aliases, or ask the operator to raise limits.aliases.',
  },
  MAX_ROOT_FIELDS_LIMIT: {
    status: 400,
    exposed: true,
    meaning: 'The operation exceeds the limit of root fields.',
    remedy: 'Split the operation, or ask the operator to raise limits.rootFields.',
  },
  MAX_DIRECTIVES_LIMIT: {
    status: 400,
    exposed: true,
    meaning: 'The operation exceeds the limit of directives.',
    remedy: 'Use fewer directives, or ask the operator to raise limits.directives.',
  },
  MAX_SELECTIONS_LIMIT: {
    status: 400,
    exposed: true,
    meaning:
      'After expanding fragments, the operation selects more fields than the limit, or the same fields too many times.',
    remedy: 'Select less in one operation, or ask the operator to raise limits.selections.',
  },
  MAX_INPUT_LIMIT: {
    status: 400,
    exposed: true,
    meaning:
      'The variables exceed a limit: of nesting depth, list length, members of an object or number of values.',
    remedy:
      'Send fewer or flatter variables, or ask the operator to raise the limit: limits.variableDepth, variableItems, variableMembers or variableNodes.',
  },
  COST_ESTIMATED_TOO_EXPENSIVE: {
    status: 400,
    exposed: true,
    meaning: 'The estimated cost exceeds the maximum cost of one operation.',
    remedy: 'Select shorter lists or fewer fields.',
  },
  RATE_LIMITED: {
    status: 429,
    exposed: true,
    meaning: 'The rate limit on cost points, or on calls of a field, is exceeded.',
    remedy:
      'Retry after `extensions.retryAfterMs`. `bucket`, `limit`, `windowMs` and `remaining` in `extensions` describe the rate limit.',
  },
  UNAUTHORIZED_FIELD_OR_TYPE: {
    status: 403,
    exposed: true,
    challenge: 'insufficient_scope',
    meaning: 'Unauthorized field or type',
    remedy:
      'Use a token with the scopes or roles that the schema requires for the field, its type or the type it returns.',
  },
  UNAUTHENTICATED: {
    status: 401,
    exposed: true,
    meaning: 'The request requires an access token, but has none.',
    remedy: 'Log in and send `Authorization: Bearer TOKEN`.',
  },
  TOKEN_INVALID: {
    status: 401,
    exposed: true,
    challenge: 'invalid_token',
    meaning: 'The access token is not valid for this router.',
    remedy: 'Log in again, and send a single header `Authorization: Bearer TOKEN`.',
  },
  TOKEN_EXPIRED: {
    status: 401,
    exposed: true,
    challenge: 'invalid_token',
    meaning: 'The access token has expired.',
    remedy: 'Refresh the access token and retry.',
  },
  TOKEN_REVOKED: {
    status: 401,
    exposed: true,
    challenge: 'invalid_token',
    meaning: 'The access token was revoked.',
    remedy: 'Log in again.',
  },
  KEYS_UNAVAILABLE: {
    status: 503,
    exposed: true,
    meaning: 'The keys of the token issuer are not available, so the token cannot be verified.',
    remedy: 'Retry after `extensions.retryAfterMs`.',
  },
  OPERATION_NOT_PLANNABLE: {
    status: 400,
    exposed: true,
    meaning: 'The subgraphs together cannot resolve this operation.',
    remedy:
      'Remove the field that the message names. Report it to the operator: the supergraph may be faulty.',
  },
  PLANNING_TIMEOUT: {
    status: 503,
    exposed: true,
    meaning: 'The operation was not planned in time, or too many operations are waiting to be planned.',
    remedy: 'Retry after `extensions.retryAfterMs`. If it fails again, split the operation.',
  },
  SUBGRAPH_UNAVAILABLE: {
    status: 200,
    exposed: true,
    meaning: 'The service could not be reached.',
    remedy: 'Use the rest of the response; retry this part later.',
  },
  SUBGRAPH_TIMEOUT: {
    status: 200,
    exposed: true,
    meaning: 'The service did not respond in time.',
    remedy: 'Use the rest of the response; retry this part later.',
  },
  SUBGRAPH_CIRCUIT_OPEN: {
    status: 200,
    exposed: true,
    meaning:
      'The circuit breaker of the service or of one of its fields is open, after repeated failures or by an operator.',
    remedy: 'Use the rest of the response; retry this part after `extensions.retryAfterMs`, if present.',
  },
  SUBGRAPH_OVERLOADED: {
    status: 200,
    exposed: true,
    meaning: 'The maximum number of concurrent calls to the service is reached.',
    remedy: 'Use the rest of the response; retry this part after `extensions.retryAfterMs`.',
  },
  SUBGRAPH_HTTP_ERROR: {
    status: 200,
    exposed: true,
    meaning: 'The service responded with an HTTP error status.',
    remedy: 'Use the rest of the response; retry this part later.',
  },
  SUBGRAPH_INVALID_RESPONSE: {
    status: 200,
    exposed: true,
    meaning: 'The service returned an invalid GraphQL response, or one that does not match its schema.',
    remedy: 'Use the rest of the response; report the error to the operator.',
  },
  SUBGRAPH_RESPONSE_TOO_LARGE: {
    status: 200,
    exposed: true,
    meaning: 'The response of the service exceeds the size limit.',
    remedy: 'Select less in one operation.',
  },
  SUBGRAPH_ERROR: {
    status: 200,
    exposed: true,
    meaning: 'The service returned an error without a code.',
    remedy: 'Use the rest of the response; report the error to the operator.',
  },
  ENTITY_NOT_FOUND: {
    status: 200,
    exposed: true,
    meaning: 'The service did not find the object of which it owns fields.',
    remedy: 'Use the rest of the response.',
  },
  REQUEST_CANCELLED: {
    status: 499,
    exposed: true,
    meaning: 'The client closed the connection, so the request was cancelled.',
    remedy: 'No action is needed.',
  },
  NOT_READY: {
    status: 503,
    exposed: true,
    meaning: 'The router has not loaded a supergraph yet.',
    remedy: 'Retry in a few seconds.',
  },
  OVERLOADED: {
    status: 503,
    exposed: true,
    meaning: 'The router is overloaded. Anonymous and expensive requests are rejected first.',
    remedy: 'Retry after `extensions.retryAfterMs`.',
  },
  SHUTTING_DOWN: {
    status: 503,
    exposed: true,
    meaning: 'The router is shutting down.',
    remedy: 'Retry: the request will reach another router.',
  },
  INTERNAL_SERVER_ERROR: {
    status: 500,
    exposed: false,
    meaning: 'Internal error of the router. The log has the cause under the id in `extensions.id`.',
    remedy: 'Report the id to the operator.',
  },
} as const satisfies Record<string, ErrorEntry>;

/** Code of an error, as clients receive it in `extensions.code`. */
export type ErrorCode = keyof typeof ERRORS;

/** Returns whether a value is a code of `ERRORS`. */
export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERRORS, code);
}

/**
 * One of several errors in the response to a rejected request, such as each validation error of a document.
 */
export type ListedError = {
  readonly message: string;
  readonly locations?: readonly SourceLocation[];
  readonly extensions: { readonly code: string };
};

type RouterErrorOptions = ErrorOptions & {
  /**
   * Seconds in the header `Retry-After` of the response. `extensions.retryAfterMs` has the same time in
   * milliseconds.
   */
  readonly retryAfterS?: number;
  /**
   * Additional headers of the response. They override headers that follow from the error code, such as
   * `WWW-Authenticate`.
   */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Additional members of the error's `extensions`. Clients receive them only if they also receive the
   * error's own message.
   */
  readonly extensions?: Readonly<Record<string, unknown>>;
  /** Positions of the error in the GraphQL document. */
  readonly locations?: readonly SourceLocation[] | undefined;
  /** Errors that replace this one in the response, such as all validation errors of a document. */
  readonly listed?: readonly ListedError[];
};

/**
 * Returns the value of `WWW-Authenticate` for a rejected request. A value without the parameter `error` means
 * that the request had no token (RFC 6750 section 3).
 */
export function bearerChallenge(error?: ChallengeError, description?: string): string {
  const challenge = 'Bearer realm="tributary"';
  if (error === undefined) return challenge;
  // Replaces characters that RFC 6750 does not allow in `error_description`, such as quotes.
  const text = description?.replaceAll(/[^\x20-\x7e]|["\\]/g, "'");
  return `${challenge}, error="${error}"${text === undefined ? '' : `, error_description="${text}"`}`;
}

// Returns the header `WWW-Authenticate`, which a response with status 401 must have (RFC 9110 section
// 15.5.2).
function challengeHeaders(code: ErrorCode, message: string): Readonly<Record<string, string>> {
  const { status, challenge }: ErrorEntry = ERRORS[code];
  if (status !== 401 && challenge === undefined) return {};
  return { 'www-authenticate': bearerChallenge(challenge, message) };
}

/**
 * An error with one of the codes in the table `ERRORS`. The code determines the HTTP status, and whether
 * clients receive the error's own message.
 */
export class RouterError extends Error {
  readonly code: ErrorCode;
  readonly headers: Readonly<Record<string, string>>;
  readonly extensions: Readonly<Record<string, unknown>>;
  /** Positions of the error in the GraphQL document; undefined if there are none. */
  readonly locations: readonly SourceLocation[] | undefined;
  /**
   * Errors that replace this one in the response, such as all validation errors of a document; undefined if
   * the response contains this error itself.
   */
  readonly listed: readonly ListedError[] | undefined;

  constructor(code: ErrorCode, message: string = ERRORS[code].meaning, options: RouterErrorOptions = {}) {
    super(message, options);
    this.name = 'RouterError';
    this.code = code;
    const { retryAfterS, headers, extensions = {}, locations = [] } = options;
    this.listed = options.listed;
    this.locations = locations.length === 0 ? undefined : locations;
    this.headers = {
      ...challengeHeaders(code, this.publicMessage),
      ...headers,
      ...(retryAfterS !== undefined && { 'retry-after': String(retryAfterS) }),
    };
    this.extensions =
      retryAfterS === undefined ? extensions : { retryAfterMs: retryAfterS * 1_000, ...extensions };
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get publicMessage(): string {
    return ERRORS[this.code].exposed ? shortened(this.message) : ERRORS[this.code].meaning;
  }

  get publicExtensions(): Readonly<Record<string, unknown>> {
    return ERRORS[this.code].exposed ? { ...this.extensions, code: this.code } : { code: this.code };
  }
}
