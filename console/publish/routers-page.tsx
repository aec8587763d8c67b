import { Ago } from '../frame/ago.tsx';
import { Empty, Show } from '../frame/states.tsx';
import { useRegistry } from './registry-client.ts';
import { ROUTERS } from './registry-types.ts';

type Instance = {
  readonly instance: string;
  readonly routerVersion: string;
  readonly startedAt: string;
  readonly reportedAt: string;
  readonly sequence: number | null;
  readonly serving: number | null;
  readonly canary: number | null;
  readonly rejections: readonly {
    readonly launch: number | null;
    readonly reasons: readonly string[];
    readonly at: string;
  }[];
};

type Result = {
  readonly variant: {
    readonly release: { readonly sequence: number } | null;
    readonly routers: readonly Instance[];
  } | null;
};

/** The routers that follow a variant, and whether they serve its present release. */
export function RoutersPage({ variant }: { readonly variant: string }) {
  const routers = useRegistry<Result>(ROUTERS, { ref: variant }, 5_000);
  const isEmpty = (result: Result) => (result.variant?.routers ?? []).length === 0;
  return (
    <Show resource={routers} empty={(result) => (isEmpty(result) ? <NoRouter /> : undefined)}>
      {({ variant: found }) => (
        <table class="launches">
          <caption class="visually-hidden">Routers</caption>
          <thead>
            <tr>
              <th scope="col">Router</th>
              <th scope="col">State</th>
              <th scope="col">Serves</th>
              <th scope="col">Version</th>
              <th scope="col">Started</th>
              <th scope="col">Last report</th>
            </tr>
          </thead>
          <tbody>
            {found?.routers.map((router) => (
              <RouterRow key={router.instance} router={router} sequence={found.release?.sequence ?? null} />
            ))}
          </tbody>
        </table>
      )}
    </Show>
  );
}

function NoRouter() {
  return (
    <Empty title="No router has reported within ten minutes">
      Routers with this variant report every ten seconds.
    </Empty>
  );
}

function RouterRow({ router, sequence }: { readonly router: Instance; readonly sequence: number | null }) {
  const isCurrent = router.sequence === sequence;
  const rejection = router.rejections.at(-1);
  return (
    <tr>
      <td class="mono">{router.instance}</td>
      <td>
        <span class={`label ${isCurrent ? 'label-good' : 'label-warn'}`}>
          {isCurrent ? 'current' : 'behind'}
        </span>
        {rejection !== undefined && (
          <p class="launch-note bad">
            rejected {rejection.launch === null ? 'a release' : `launch ${rejection.launch}`}:{' '}
            {rejection.reasons[0]}
          </p>
        )}
      </td>
      <td>
        launch {router.serving ?? '–'}
        {router.canary !== null && `, canary ${router.canary}`}
      </td>
      <td>{router.routerVersion}</td>
      <td>
        <Ago time={router.startedAt} />
      </td>
      <td>
        <Ago time={router.reportedAt} />
      </td>
    </tr>
  );
}
