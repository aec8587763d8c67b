import { formatMs, formatTime } from '../../frame/format.ts';
import { Empty } from '../../frame/states.tsx';
import { useStore } from '../../frame/store.ts';
import { clearRuns, runs } from '../run/runs.ts';
import type { PastRun } from '../run/runs.ts';
import { openTab } from '../run/workspace.ts';

/** The last 200 runs of this browser. */
export function HistoryList({ onOpen }: { readonly onOpen: () => void }) {
  const past = useStore(runs);
  if (past.length === 0) return <Empty title="No runs yet">Run an operation to see it here.</Empty>;
  return (
    <>
      <ul class="list">
        {past.map((run) => (
          <li key={run.id}>
            <button
              type="button"
              class="list-row history-row"
              onClick={() => {
                openTab({ query: run.query, variables: run.variables });
                onOpen();
              }}
            >
              <span class="list-name">{run.operation}</span>
              <span class="number">{formatMs(run.ms)}</span>
              <span class="soft">{formatTime(run.at)}</span>
              <RunLabel run={run} />
            </button>
          </li>
        ))}
      </ul>
      <p class="list-footer">
        <button type="button" class="plain" onClick={clearRuns}>
          Clear history
        </button>
      </p>
    </>
  );
}

function RunLabel({ run }: { readonly run: PastRun }) {
  if (run.status !== 200) return <span class="label label-bad">{run.status}</span>;
  if (run.degraded) return <span class="label label-warn">degraded</span>;
  if (run.codes.length > 0) return <span class="label label-warn">{run.codes[0]}</span>;
  return <span class="label label-good">{run.status}</span>;
}
