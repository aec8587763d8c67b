import type { Finding as ReportFinding } from '../../checks/report.ts';
import type { Finding } from './registry-types.ts';

/** Errors or hints of composition. */
export function Findings({
  title,
  findings,
  isBad = false,
}: {
  readonly title: string;
  readonly findings: readonly (Finding | ReportFinding)[];
  readonly isBad?: boolean;
}) {
  if (findings.length === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      <ul class="findings">
        {findings.map(({ code, message, subgraph, line }, index) => (
          <li key={index}>
            <code class={`label ${isBad ? 'label-bad' : ''}`}>{code}</code>{' '}
            {subgraph != null && (
              <span class="soft">
                {subgraph}
                {line != null && `:${line}`}:{' '}
              </span>
            )}
            <span class="finding-message">{message}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
