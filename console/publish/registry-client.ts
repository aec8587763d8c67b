import { ApiError, apiPost } from '../api/client.ts';
import { useLoaded } from '../api/use-resource.ts';
import type { Resource } from '../api/use-resource.ts';

const KEY = 'tributary.registry-key';

/** The person's own API key of the registry; kept in this tab alone. */
export function registryKey(): string {
  return sessionStorage.getItem(KEY) ?? '';
}

export function setRegistryKey(key: string): void {
  if (key === '') sessionStorage.removeItem(KEY);
  else sessionStorage.setItem(KEY, key);
}

type Variables = Readonly<Record<string, unknown>>;
type RegistryResponse = {
  readonly data?: unknown;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
};

/** Sends a GraphQL request to the registry that the router follows. Throws an `ApiError`. */
async function askRegistry<T>(query: string, variables: Variables = {}): Promise<T> {
  const key = registryKey();
  const headers: Record<string, string> = key === '' ? {} : { 'x-api-key': key };
  const { data, errors } = await apiPost<RegistryResponse>('registry', { query, variables }, headers).catch(
    (error: unknown) => {
      throw key === '' ? error : withAdvice(error);
    },
  );
  const [error] = errors ?? [];
  if (error !== undefined)
    throw new ApiError({
      kind: 'failed',
      message: `The registry responded: ${error.message}`,
      ...(error.extensions?.code !== undefined && { code: error.extensions.code }),
    });
  // The shape is that of the query, which the registry has validated.
  return data as T;
}

/** Adds how to go on to the error of a key that the registry does not know. */
function withAdvice(error: unknown): unknown {
  if (!(error instanceof ApiError) || error.failure.code !== 'UNAUTHENTICATED') return error;
  return new ApiError({ ...error.failure, message: `${error.message}. Correct your API key, or use none.` });
}

/** Sends a change with a key, which is kept for this tab if the registry accepts it. Throws an `ApiError`. */
export async function askWithKey(key: string, query: string, variables: Variables): Promise<unknown> {
  if (key === '')
    throw new ApiError({
      kind: 'failed',
      message: 'Enter your API key of the registry, with the role PUBLISH.',
    });
  const previous = registryKey();
  setRegistryKey(key);
  try {
    return await askRegistry(query, variables);
  } catch (error) {
    setRegistryKey(previous);
    throw error;
  }
}

/** Reads from the registry, as `useResource` does from the router. Without variables nothing is read. */
export function useRegistry<T>(
  query: string,
  variables: Variables | undefined,
  everyMs?: number,
): Resource<T> {
  const path = variables === undefined ? undefined : JSON.stringify([query, variables]);
  return useLoaded(path, () => askRegistry<T>(query, variables), everyMs);
}
