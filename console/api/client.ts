/** Reason why a call of the console's API has failed. */
export type ApiFailure = {
  readonly kind: 'unreachable' | 'not-allowed' | 'not-configured' | 'failed';
  readonly message: string;
  readonly code?: string;
  readonly requestId?: string;
  /** Configuration key that enables what is missing. */
  readonly key?: string;
};

export class ApiError extends Error {
  readonly failure: ApiFailure;

  constructor(failure: ApiFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

const TOKEN = 'tributary.console-token';

/** The token that calls of the API carry on an admin port which requires a role; kept in this tab alone. */
export function consoleToken(): string | null {
  return sessionStorage.getItem(TOKEN);
}

export function setConsoleToken(token: string): void {
  if (token === '') sessionStorage.removeItem(TOKEN);
  else sessionStorage.setItem(TOKEN, token);
}

/** Reads `/console/api/PATH`. Throws an `ApiError`. */
export function apiGet<T>(path: string, signal?: AbortSignal): Promise<T> {
  return call<T>(path, signal === undefined ? {} : { signal });
}

/** Posts a JSON body to `/console/api/PATH`. Throws an `ApiError`. */
export function apiPost<T>(
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<T> {
  return call<T>(path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

async function call<T>(path: string, init: RequestInit): Promise<T> {
  const headers = new Headers(init.headers);
  const token = consoleToken();
  if (token !== null) headers.set('tributary-console-token', token);
  const response = await fetch(`/console/api/${path}`, { ...init, headers }).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError({ kind: 'unreachable', message: 'The router cannot be reached.' });
  });
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw new ApiError(failureOf(response, body));
  // The shape is the server's: both ends share `router/console/api-types.ts`.
  return body as T;
}

function failureOf(response: Response, body: unknown): ApiFailure {
  // A response of the registry: its errors are about the API key of the registry, not about the operator.
  if (isGraphQLBody(body)) {
    const [error] = body.errors;
    const code = error?.extensions?.code;
    return {
      kind: 'failed',
      message: `The registry responded: ${error?.message ?? 'an error'}`,
      ...(code !== undefined && { code }),
    };
  }
  const error = isErrorBody(body) ? body.error : {};
  const requestId = response.headers.get('x-request-id');
  return {
    kind: kindOf(response.status, error),
    message: error.message ?? `The router responded with status ${response.status}.`,
    ...(error.code !== undefined && { code: error.code }),
    ...(error.key !== undefined && { key: error.key }),
    ...(requestId !== null && { requestId }),
  };
}

type ErrorFields = { readonly code?: string; readonly message?: string; readonly key?: string };

function kindOf(status: number, { key }: ErrorFields): ApiFailure['kind'] {
  if (status === 401 || status === 403) return 'not-allowed';
  return key === undefined ? 'failed' : 'not-configured';
}

type GraphQLErrorFields = { readonly message?: string; readonly extensions?: { readonly code?: string } };

function isGraphQLBody(body: unknown): body is { readonly errors: readonly GraphQLErrorFields[] } {
  return typeof body === 'object' && body !== null && 'errors' in body && Array.isArray(body.errors);
}

function isErrorBody(body: unknown): body is { readonly error: ErrorFields } {
  return typeof body === 'object' && body !== null && 'error' in body && typeof body.error === 'object';
}
