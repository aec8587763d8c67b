import { useState } from 'preact/hooks';
import { formatMs, formatTime } from '../../frame/format.ts';
import { Empty } from '../../frame/states.tsx';
import { NoInternals } from '../no-internals.tsx';
import type { Result } from '../run/result.ts';
import type { PastRun } from '../run/runs.ts';
import { Waterfall } from './waterfall.tsx';

const MAX_OFFERED = 30;

/** The waterfall of a run, beside another run of the same operation on request. */
export function WaterfallPane({
  result,
  past,
  selected,
  onSelect,
}: {
  readonly result: Result;
  readonly past: readonly PastRun[];
  readonly selected: number | undefined;
  readonly onSelect: (fetch: number | undefined) => void;
}) {
  const [otherId, setOtherId] = useState('');
  const trace = result.body?.extensions?.trace;
  if (result.dryRun)
    return (
      <Empty title="Nothing was sent">
        A dry run only plans: run the operation to see where its time goes.
      </Empty>
    );
  if (trace === undefined) return <NoInternals what="trace" status={result.status} />;
  const present = past.find(({ id }) => id === result.id);
  const others = past
    .filter((run) => run.id !== result.id && run.trace !== undefined && run.operation === present?.operation)
    .slice(0, MAX_OFFERED);
  const compared = others.find(({ id }) => id === otherId)?.trace;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Waterfall">
      {others.length > 0 && (
        <div class="toolbar">
          <label class="compare">
            Compare with
            <select value={otherId} onChange={(event) => setOtherId(event.currentTarget.value)}>
              <option value="">nothing</option>
              {others.map((run) => (
                <option key={run.id} value={run.id}>
                  {formatTime(run.at)}, {formatMs(run.trace?.totalMs ?? run.ms)}
                </option>
              ))}
            </select>
          </label>
          {compared && (
            <span class="soft">
              thin bars: {formatMs(compared.totalMs)} then, {formatMs(trace.totalMs)} now
            </span>
          )}
        </div>
      )}
      <Waterfall trace={trace} compared={compared} selected={selected} onSelect={onSelect} />
    </div>
  );
}
