import type { StateResult } from '../../router/console/api-types.ts';
import { useResource } from '../api/use-resource.ts';
import { formatCount, formatShare } from '../frame/figures.ts';
import { Empty, Show } from '../frame/states.tsx';
import { processStates, topConsumers } from './process-state.ts';

const EVERY_MS = 5_000;

/** The callers with the highest cost within the hour, with their rejected operations. */
export function ConsumersPage() {
  const state = useResource<StateResult>('state', EVERY_MS);
  return (
    <Show
      resource={state}
      empty={(result) => (consumersIn(result).length === 0 ? <NoConsumers /> : undefined)}
    >
      {(result) => <ConsumerTable consumers={consumersIn(result)} />}
    </Show>
  );
}

function consumersIn(result: StateResult) {
  return topConsumers(processStates(result));
}

function NoConsumers() {
  return (
    <Empty title="No caller has used points in this hour">
      Callers appear with their first operation. Without <code>rateLimit</code> their cost is not counted.
    </Empty>
  );
}

function ConsumerTable({ consumers }: { readonly consumers: ReturnType<typeof topConsumers> }) {
  const all = consumers.reduce((sum, { points }) => sum + points, 0);
  return (
    <table class="consumers">
      <caption class="visually-hidden">Top consumers of this hour</caption>
      <thead>
        <tr>
          <th scope="col">Caller</th>
          <th scope="col">Tier</th>
          <th scope="col" class="number">
            Points this hour
          </th>
          <th scope="col">Share of these callers</th>
          <th scope="col" class="number">
            Operations
          </th>
          <th scope="col" class="number">
            Rejected
          </th>
        </tr>
      </thead>
      <tbody>
        {consumers.map(({ name, user, points, operations, rejected }) => (
          <tr key={`${user?.issuer ?? ''} ${name}`}>
            <td>
              <code>{name}</code> {user !== undefined && <span class="soft">{user.issuer}</span>}
            </td>
            <td>{user === undefined ? 'anonymous' : (user.tier ?? 'default')}</td>
            <td class="number">{formatCount(points)}</td>
            <td>
              <Share share={all === 0 ? 0 : points / all} />
            </td>
            <td class="number">{formatCount(operations)}</td>
            <td class="number">
              {rejected > 0 ? <span class="label label-bad">{formatCount(rejected)}</span> : 0}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Share({ share }: { readonly share: number }) {
  return (
    <span class="share">
      <meter min={0} max={1} value={share} aria-hidden="true" />
      <span class="number">{formatShare(share)}</span>
    </span>
  );
}
