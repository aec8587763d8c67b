import type { SourceLocation } from 'graphql';
import { shortened } from './error-message.ts';

type ErrorEntry = {
  /** The HTTP status when the whole request is rejected with this code; 200 for codes of errors in an executed operation. */
  readonly status: number;
  /** Whether the error's own message may leave the router; otherwise the meaning is sent in its place. */
  readonly exposed: boolean;
  readonly meaning: string;
  readonly remedy: string;
  /** Error code of the `WWW-Authenticate` challenge (RFC 6750 section 3.1). */
  readonly challenge?: ChallengeError;
};

type ChallengeError = 'invalid_request' | 'invalid_token' | 'insufficient_scope';

/** Every error code a client of the router can meet; `docs/errors.md` is generated from it. */
export const ERRORS = {
  BAD_REQUEST: {
    status: 400,
    exposed: true,
    meaning: 'The HTTP request is not a GraphQL request.',
    remedy:
      'Send POST with a JSON object that has a string `query`, as the GraphQL-over-HTTP specification says.',
  },
  GRAPHQL_PARSE_FAILED: {
    status: 400,
    exposed: true,
    meaning: 'The document is not GraphQL.',
    remedy: 'Mend the syntax error at the location given.',
  },
  GRAPHQL_VALIDATION_FAILED: {
    status: 400,
    exposed: true,
    meaning: 'The document does not fit the schema.',
    remedy: 'Compare the document with the schema at the location given.',
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
    meaning: 'The document has no operation of that name, or several and none was named.',
    remedy: 'Send `operationName` as it stands in the document.',
  },
  PERSISTED_QUERY_NOT_FOUND: {
    status: 200,
    exposed: true,
    meaning: 'No operation is stored under that hash.',
    remedy: 'Send the same request again with the document.',
  },
  PERSISTED_QUERY_NOT_SUPPORTED: {
    status: 200,
    exposed: true,
    meaning: 'Persisted queries are switched off.',
    remedy: 'Send the document with each request.',
  },
  PERSISTED_QUERY_NOT_IN_LIST: {
    status: 404,
    exposed: true,
    meaning: 'Only operations of a manifest are served, and none has that id.',
    remedy: "Publish the client's manifest to the router before the client.",
  },
  QUERY_NOT_IN_SAFELIST: {
    status: 403,
    exposed: true,
    meaning: 'Only operations of a manifest are served, and this is none of them.',
    remedy: "Ask for an operation of the client's manifest, by its id or exactly as it stands there.",
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    exposed: true,
    meaning: 'The HTTP method is not allowed here.',
    remedy: 'Use one of the methods in the Allow header; mutations need POST.',
  },
  NOT_FOUND: {
    status: 404,
    exposed: true,
    meaning: 'There is nothing at that path.',
    remedy: 'Send GraphQL requests to the configured path, /graphql by default.',
  },
  NOT_ACCEPTABLE: {
    status: 406,
    exposed: true,
    meaning: 'The Accept header allows no media type that the router can answer with.',
    remedy: 'Accept application/graphql-response+json or application/json.',
  },
  REQUEST_TIMEOUT: {
    status: 408,
    exposed: true,
    meaning: 'The request body did not arrive in time.',
    remedy: 'Send the request again over a faster connection.',
  },
  PAYLOAD_TOO_LARGE: {
    status: 413,
    exposed: true,
    meaning: 'The request body is larger than the limit.',
    remedy: 'Send less in one request, or have the operator raise limits.bodyBytes.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    exposed: true,
    meaning: 'The body is not JSON, or is encoded in a way that the router does not read.',
    remedy: 'Send content-type application/json in UTF-8, as it is or as gzip, deflate, br or zstd.',
  },
  CSRF_PREVENTED: {
    status: 400,
    exposed: true,
    meaning: 'The request could have been made by a foreign web page without a preflight.',
    remedy: 'Send content-type application/json, or the header apollo-require-preflight.',
  },
  MAX_LENGTH_LIMIT: {
    status: 400,
    exposed: true,
    meaning: 'The document, or a name in it, has more characters than the limit.',
    remedy:
      'Pass long values as variables and split the operation, or have the operator raise limits.documentLength or limits.nameLength.',
  },
  MAX_TOKENS_LIMIT: {
    status: 400,
    exposed: true,
    meaning: 'The document has more tokens than the limit.',
    remedy: 'Split the operation, or have the operator raise limits.tokens.',
  },
  MAX_DEPTH_LIMIT: {
    status: 400,
    exposed: true,
    meaning: 'The operation is nested deeper than the limit.',
    remedy: 'Ask for fewer levels at once, or have the operator raise limits.depth.',
  },
  MAX_ALIASES_LIMIT: {
    status: 400,
    exposed: true,
    meaning: 'The operation has more aliases than the limit.',
    remedy: 'Use fewer aliases, or have the operator raise limits.aliases.',
  },
  MAX_ROOT_FIELDS_LIMIT: {
    status: 400,
    exposed: true,
    meaning: 'The operation has more root fields than the limit.',
    remedy: 'Split the operation, or have the operator raise limits.rootFields.',
  },
  MAX_DIRECTIVES_LIMIT: {
    status: 400,
    exposed: true,
    meaning: 'The operation has more directives than the limit.',
    remedy: 'Use fewer directives, or have the operator raise limits.directives.',
  },
  MAX_SELECTIONS_LIMIT: {
    status: 400,
    exposed: true,
    meaning:
      'With its fragments expanded the operation selects more fields than the limit, or the same ones too many times over.',
    remedy: 'Ask for less at once, or have the operator raise limits.selections.',
  },
  MAX_INPUT_LIMIT: {
    status: 400,
    exposed: true,
    meaning: 'The variables are nested deeper, have longer lists or hold more values than the limit.',
    remedy:
      'Send fewer or flatter variables, or have the operator raise the limit: limits.variableDepth, variableItems, variableMembers or variableNodes.',
  },
  COST_ESTIMATED_TOO_EXPENSIVE: {
    status: 400,
    exposed: true,
    meaning: 'The operation alone costs more than one operation may.',
    remedy: 'Ask for shorter lists or fewer fields.',
  },
  RATE_LIMITED: {
    status: 429,
    exposed: true,
    meaning: 'The budget of cost points, or of calls of one field, is spent for now.',
    remedy:
      'Send the request again after `extensions.retryAfterMs`. `bucket`, `limit`, `windowMs` and `remaining` beside it describe the budget.',
  },
  UNAUTHORIZED_FIELD_OR_TYPE: {
    status: 403,
    exposed: true,
    challenge: 'insufficient_scope',
    meaning: 'Unauthorized field or type',
    remedy:
      'Ask with a token that has the scopes or roles which the schema demands for the field, its type or the type it returns.',
  },
  UNAUTHENTICATED: {
    status: 401,
    exposed: true,
    meaning: 'The request needs an access token and carries none.',
    remedy: 'Log in and send `Authorization: Bearer TOKEN`.',
  },
  TOKEN_INVALID: {
    status: 401,
    exposed: true,
    challenge: 'invalid_token',
    meaning: 'The access token is not one that the router accepts.',
    remedy: 'Log in again, and send `Authorization: Bearer TOKEN` once.',
  },
  TOKEN_EXPIRED: {
    status: 401,
    exposed: true,
    challenge: 'invalid_token',
    meaning: 'The access token has expired.',
    remedy: 'Refresh the session and send the new token.',
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
    meaning: 'The keys of the token issuer cannot be had, so the token can be neither accepted nor refused.',
    remedy: 'Send the same request again after `extensions.retryAfterMs`.',
  },
  OPERATION_NOT_PLANNABLE: {
    status: 400,
    exposed: true,
    meaning: 'The subgraphs together cannot resolve this operation.',
    remedy: 'Leave out the field named; tell the operator, the supergraph may be at fault.',
  },
  PLANNING_TIMEOUT: {
    status: 503,
    exposed: true,
    meaning: 'The operation was not planned in time, or too many new operations are waiting to be planned.',
    remedy:
      'Send the same request again after `extensions.retryAfterMs`; if it fails again, ask for less at once.',
  },
  SUBGRAPH_UNAVAILABLE: {
    status: 200,
    exposed: true,
    meaning: 'The service could not be reached.',
    remedy: 'Use the rest of the answer; ask for this part again later.',
  },
  SUBGRAPH_TIMEOUT: {
    status: 200,
    exposed: true,
    meaning: 'The service did not answer in time.',
    remedy: 'Use the rest of the answer; ask for this part again later.',
  },
  SUBGRAPH_CIRCUIT_OPEN: {
    status: 200,
    exposed: true,
    meaning:
      'The service, or what was asked of it, has failed so often that it is not being asked for a while, or operators hold it back.',
    remedy: 'Use the rest of the answer; ask for this part again after retryAfterMs, if it is present.',
  },
  SUBGRAPH_OVERLOADED: {
    status: 200,
    exposed: true,
    meaning: 'As many calls to the service are under way as are allowed.',
    remedy: 'Use the rest of the answer; ask for this part again after retryAfterMs.',
  },
  SUBGRAPH_HTTP_ERROR: {
    status: 200,
    exposed: true,
    meaning: 'The service answered with an HTTP error.',
    remedy: 'Use the rest of the answer; ask for this part again later.',
  },
  SUBGRAPH_INVALID_RESPONSE: {
    status: 200,
    exposed: true,
    meaning: 'The service answered with something that is not a GraphQL answer of its schema.',
    remedy: 'Use the rest of the answer; tell the operator.',
  },
  SUBGRAPH_RESPONSE_TOO_LARGE: {
    status: 200,
    exposed: true,
    meaning: 'The answer of the service is larger than the limit.',
    remedy: 'Ask for less at once.',
  },
  SUBGRAPH_ERROR: {
    status: 200,
    exposed: true,
    meaning: 'The service reported an error without a code.',
    remedy: 'Use the rest of the answer; tell the operator.',
  },
  ENTITY_NOT_FOUND: {
    status: 200,
    exposed: true,
    meaning: 'The service that owns part of an object does not know the object.',
    remedy: 'Use the rest of the answer.',
  },
  REQUEST_CANCELLED: {
    status: 499,
    exposed: true,
    meaning: 'The client went away, so the rest of the work was dropped.',
    remedy: 'None: nobody reads this.',
  },
  NOT_READY: {
    status: 503,
    exposed: true,
    meaning: 'This router has no supergraph to serve yet.',
    remedy: 'Send the same request again in a few seconds.',
  },
  OVERLOADED: {
    status: 503,
    exposed: true,
    meaning: 'This router has more to do than it can; anonymous and expensive requests are refused first.',
    remedy: 'Send the same request again after `extensions.retryAfterMs`.',
  },
  SHUTTING_DOWN: {
    status: 503,
    exposed: true,
    meaning: 'This router is being stopped.',
    remedy: 'Send the same request again; it will reach another router.',
  },
  INTERNAL_SERVER_ERROR: {
    status: 500,
    exposed: false,
    meaning: 'The router failed. The log has the cause under the id in extensions.id.',
    remedy: 'Tell the operator the id.',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERRORS, code);
}

/** One of several errors of a rejected document, as clients see it. */
export type ListedError = {
  readonly message: string;
  readonly locations?: readonly SourceLocation[];
  readonly extensions: { readonly code: string };
};

type RouterErrorOptions = ErrorOptions & {
  /** Seconds for the Retry-After header, and for `extensions.retryAfterMs` in milliseconds. */
  readonly retryAfterS?: number;
  /** Further headers of the response; they replace those that follow from the code. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Further members of the error's `extensions`; clients see them only when the code exposes its message. */
  readonly extensions?: Readonly<Record<string, unknown>>;
  /** The places in the document that are wrong. */
  readonly locations?: readonly SourceLocation[] | undefined;
  /** Errors to list in the response in place of this one. */
  readonly listed?: readonly ListedError[];
};

/** The challenge of a response to a request that is not authorized; without `error` no token was sent (RFC 6750 section 3). */
export function bearerChallenge(error?: ChallengeError, description?: string): string {
  const challenge = 'Bearer realm="tributary"';
  if (error === undefined) return challenge;
  // Characters that a quoted error_description may have.
  const text = description?.replaceAll(/[^\x20-\x7e]|["\\]/g, "'");
  return `${challenge}, error="${error}"${text === undefined ? '' : `, error_description="${text}"`}`;
}

// A 401 needs a challenge (RFC 9110 section 15.5.2).
function challengeHeaders(code: ErrorCode, message: string): Readonly<Record<string, string>> {
  const { status, challenge }: ErrorEntry = ERRORS[code];
  if (status !== 401 && challenge === undefined) return {};
  return { 'www-authenticate': bearerChallenge(challenge, message) };
}

/** An error with a code from the table; the table decides what of it may reach a client, not the code that throws it. */
export class RouterError extends Error {
  readonly code: ErrorCode;
  readonly headers: Readonly<Record<string, string>>;
  readonly extensions: Readonly<Record<string, unknown>>;
  /** The places in the document that are wrong; undefined when none is. */
  readonly locations: readonly SourceLocation[] | undefined;
  /** Errors to list in the response in place of this one; undefined when it is the only one. */
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
