import type { ClientUse, OperationResult, Reason } from '../../checks/report.ts';
import { Ago } from '../frame/ago.tsx';
import { formatCount } from '../frame/figures.ts';
import { count } from '../frame/format.ts';
import { markedLine } from './check-summary.ts';

/** Operations that a change affects, with the line of each reason. */
export function AffectedOperations({
  title,
  operations,
}: {
  readonly title: string;
  readonly operations: readonly OperationResult[];
}) {
  if (operations.length === 0) return null;
  return (
    <>
      <h3>
        {title} <span class="number">{operations.length}</span>
      </h3>
      <ul class="affected">
        {operations.map((operation) => (
          <AffectedOperation key={operation.id} operation={operation} />
        ))}
      </ul>
    </>
  );
}

function AffectedOperation({ operation }: { readonly operation: OperationResult }) {
  const { id, name, clients, calls, lastSeen, reasons, verdict } = operation;
  return (
    <li>
      <p class="affected-head">
        <span class={`label ${verdict === 'breaks' ? 'label-bad' : 'label-warn'}`}>{verdict}</span>
        <span class="mono affected-name">{name ?? id.slice(0, 16)}</span>
        <span class="soft">
          {calls === null ? 'calls unknown' : count(calls, 'call')}
          {lastSeen !== null && (
            <>
              , last seen <Ago time={lastSeen} />
            </>
          )}
        </span>
      </p>
      {clients.length > 0 && <p class="soft">Clients: {clients.map(clientText).join(', ')}</p>}
      <ul>
        {reasons.map((reason, index) => (
          <ReasonLine key={index} reason={reason} />
        ))}
      </ul>
    </li>
  );
}

function clientText({ name, version, calls }: ClientUse): string {
  return `${name}${version === null ? '' : ` ${version}`}${calls === null ? '' : ` (${formatCount(calls)})`}`;
}

function ReasonLine({ reason }: { readonly reason: Reason }) {
  const marked = markedLine(reason);
  return (
    <li class="reason">
      <p>
        {reason.message} <code class="soft">{reason.code}</code>
      </p>
      {marked !== null && (
        // A box that scrolls must be reachable with the keyboard.
        <pre class="marked-line" tabIndex={0}>
          <span class="sdl-number" aria-hidden="true">
            {marked.line}
          </span>
          {marked.before}
          <mark>{marked.marked}</mark>
          {marked.after}
        </pre>
      )}
    </li>
  );
}
