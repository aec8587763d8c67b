import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, apiGet } from './client.ts';
import type { ApiFailure } from './client.ts';

/** A value of the API: the last one received stays while a reload runs or fails. */
export type Resource<T> = {
  readonly value: T | undefined;
  readonly failure: ApiFailure | undefined;
  readonly loading: boolean;
  readonly reload: () => void;
};

/**
 * Reads `/console/api/PATH` now, whenever the path changes and every `everyMs` while the page is visible.
 * An undefined path reads nothing.
 */
export function useResource<T>(path: string | undefined, everyMs?: number): Resource<T> {
  return useLoaded(path, (signal) => apiGet<T>(path ?? '', signal), everyMs);
}

/** As `useResource`, with any way to load the value that `path` identifies. */
export function useLoaded<T>(
  path: string | undefined,
  read: (signal: AbortSignal) => Promise<T>,
  everyMs?: number,
): Resource<T> {
  const [state, setState] = useState<{ path?: string | undefined; value?: T; failure?: ApiFailure }>({});
  const [loading, setLoading] = useState(path !== undefined);
  const running = useRef<AbortController>(undefined);
  const latest = useRef(read);
  latest.current = read;

  const load = useCallback(() => {
    running.current?.abort();
    if (path === undefined) return;
    const controller = new AbortController();
    running.current = controller;
    setLoading(true);
    latest
      .current(controller.signal)
      .then((value) => controller.signal.aborted || setState({ path, value }))
      .catch((error: unknown) => {
        if (controller.signal.aborted) return;
        setState((last) => ({ ...(last.path === path && last), path, failure: failureOf(error) }));
      })
      .finally(() => controller.signal.aborted || setLoading(false));
  }, [path]);

  useEffect(() => {
    load();
    return () => running.current?.abort();
  }, [load]);
  useEffect(() => {
    if (everyMs === undefined) return;
    const timer = setInterval(() => document.visibilityState === 'visible' && load(), everyMs);
    return () => clearInterval(timer);
  }, [load, everyMs]);

  const current = state.path === path ? state : {};
  return { value: current.value, failure: current.failure, loading, reload: load };
}

/** Converts a thrown value into a failure that the page shows. */
export function failureOf(error: unknown): ApiFailure {
  if (error instanceof ApiError) return error.failure;
  return { kind: 'failed', message: error instanceof Error ? error.message : String(error) };
}
