import { SecretField } from './secret-field.tsx';
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { setConsoleToken } from '../api/client.ts';
import type { ApiFailure } from '../api/client.ts';
import type { Resource } from '../api/use-resource.ts';

/**
 * Shows a resource: its content as soon as there is some, else a skeleton (after 150 ms, so that fast
 * responses do not flicker) or the failure. Content stays when a later reload fails, below a notice.
 */
export function Show<T>({
  resource,
  empty,
  children,
}: {
  readonly resource: Resource<T>;
  /** Returns the element for a value without content; undefined for one with content. */
  readonly empty?: (value: T) => ComponentChildren | undefined;
  readonly children: (value: T) => ComponentChildren;
}) {
  const { value, failure, reload } = resource;
  if (value === undefined) return failure ? <Failure failure={failure} retry={reload} /> : <Skeleton />;
  return (
    <>
      {failure && <Notice failure={failure} retry={reload} />}
      {empty?.(value) ?? children(value)}
    </>
  );
}

const SKELETON_AFTER_MS = 150;

export function Skeleton({ rows = 5 }: { readonly rows?: number }) {
  const [visible, setVisible] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setVisible(true), SKELETON_AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="skeleton" role="status" aria-label="Loading" hidden={!visible}>
      {Array.from({ length: rows }, (_, row) => (
        <span key={row} class="skeleton-row" />
      ))}
    </div>
  );
}

/** A view without content, and the one command or click that fills it. */
export function Empty({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class="state">
      <p class="state-title">{title}</p>
      {children !== undefined && <div class="state-text">{children}</div>}
    </div>
  );
}

type FailureProps = { readonly failure: ApiFailure; readonly retry: () => void };

export function Failure({ failure, retry }: FailureProps) {
  switch (failure.kind) {
    case 'not-allowed':
      return <NotAllowed failure={failure} retry={retry} />;
    case 'not-configured':
      return (
        <Empty title={failure.message}>
          Set <code>{failure.key}</code> in router.yaml.
        </Empty>
      );
    case 'unreachable':
      return (
        <div class="state" role="alert">
          <p class="state-title">Router unreachable</p>
          <p class="state-text">{failure.message}</p>
          <button type="button" onClick={retry}>
            Try again
          </button>
        </div>
      );
    case 'failed':
      return (
        <div class="state" role="alert">
          <p class="state-title">{failure.message}</p>
          <p class="state-text">
            <FailureFacts failure={failure} />
          </p>
          <button type="button" onClick={retry}>
            Try again
          </button>
        </div>
      );
  }
}

function FailureFacts({ failure }: { readonly failure: ApiFailure }) {
  return (
    <>
      {failure.code !== undefined && <code>{failure.code}</code>}
      {failure.requestId !== undefined && (
        <>
          {' '}
          request <code>{failure.requestId}</code>
        </>
      )}
    </>
  );
}

function NotAllowed({ failure, retry }: FailureProps) {
  const [token, setToken] = useState('');
  const submit = (event: Event) => {
    event.preventDefault();
    setConsoleToken(token.trim());
    retry();
  };
  return (
    <form class="state" onSubmit={submit}>
      <p class="state-title">Not allowed</p>
      <p class="state-text">{failure.message}</p>
      <SecretField label="Token" value={token} onChange={setToken} />
      <button type="submit">Use this token</button>
      <p class="state-text">It stays in this tab, and is gone when the tab is closed.</p>
    </form>
  );
}

/** A line above content that is older than it should be. */
function Notice({ failure, retry }: FailureProps) {
  const text =
    failure.kind === 'unreachable'
      ? 'Router unreachable. Below is what it sent last.'
      : `${failure.message} Below is what was received last.`;
  return (
    <p class="notice" role="status">
      {text}{' '}
      <button type="button" class="plain" onClick={retry}>
        Try again
      </button>
    </p>
  );
}
