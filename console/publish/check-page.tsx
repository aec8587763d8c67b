import type { CheckReport } from '../../checks/report.ts';
import { Ago } from '../frame/ago.tsx';
import { count } from '../frame/format.ts';
import { Empty, Show } from '../frame/states.tsx';
import { changedPlans, sectionsOf, verdictOf } from './check-summary.ts';
import type { ReportSection } from './check-summary.ts';
import { Findings } from './findings.tsx';
import { AffectedOperations } from './affected-operations.tsx';
import { PlanChanges } from './plan-changes.tsx';
import { useRegistry } from './registry-client.ts';
import { CHECK } from './registry-types.ts';
import type { CheckWithReport } from './registry-types.ts';
import { AccessChanges, ContractResults, LintFindings, Replay, SchemaChangeList } from './report-lists.tsx';
import { CheckLabel } from './status-labels.tsx';

type Result = { readonly check: CheckWithReport | null };

/** The report of a check. */
export function CheckPage({ id }: { readonly id: string }) {
  const check = useRegistry<Result>(CHECK, { id }, 5_000);
  return (
    <Show resource={check}>
      {({ check: found }) =>
        found === null ? <Empty title={`There is no check ${id}`} /> : <Details check={found} />
      }
    </Show>
  );
}

function Details({ check }: { readonly check: CheckWithReport }) {
  const { id, status, subgraph, createdAt, report, error } = check;
  return (
    <article class="report">
      <header class="card-head">
        <h2 class="launch-title">Check of {subgraph ?? 'several subgraphs'}</h2>
        <CheckLabel status={status} />
        <span class="soft">
          <code>{id}</code> <Ago time={createdAt} />
        </span>
      </header>
      {error !== null && <p class="bad">{error}</p>}
      {report === null ? (
        <p class="soft">The report appears when the check has ended.</p>
      ) : (
        <Report report={report} />
      )}
    </article>
  );
}

function Report({ report }: { readonly report: CheckReport }) {
  const sections = sectionsOf(report);
  const { evidence } = report;
  return (
    <>
      <p class="soft">
        Compared with {count(evidence.operations, 'recorded operation')}, {count(evidence.calls, 'call')}
        {evidence.sinceDays !== null && ` of the last ${evidence.sinceDays} days`}.
      </p>
      <ul class="report-sections">
        {sections.map((section) => (
          <Section key={section.id} section={section} report={report} />
        ))}
      </ul>
    </>
  );
}

const SIGNS = { passed: '✓', failed: '✕', notes: '!' } as const;

/** A section is open at first if there is something to read. */
function Section({ section, report }: { readonly section: ReportSection; readonly report: CheckReport }) {
  const { id, title, result, text } = section;
  return (
    <li class={`report-section report-${result}`}>
      <details open={result !== 'passed'}>
        <summary>
          <span class="report-sign" aria-hidden="true">
            {SIGNS[result]}
          </span>
          <span class="report-title">{title}</span>
          <span class="soft">
            <span class="visually-hidden">{result}: </span>
            {text}
          </span>
        </summary>
        <div class="report-body">
          <SectionBody id={id} report={report} />
        </div>
      </details>
    </li>
  );
}

function SectionBody({ id, report }: { readonly id: ReportSection['id']; readonly report: CheckReport }) {
  switch (id) {
    case 'composition':
      return (
        <>
          <Findings title="Errors" findings={report.composition.errors} isBad />
          <Findings title="Hints" findings={report.composition.hints} />
        </>
      );
    case 'operations':
      return (
        <>
          <AffectedOperations title="Break" operations={verdictOf(report.operations, 'breaks')} />
          <AffectedOperations title="Change" operations={verdictOf(report.operations, 'changes')} />
        </>
      );
    case 'plans':
      return <PlanChanges operations={changedPlans(report)} />;
    case 'access':
      return <AccessChanges access={report.access} operations={report.operations} />;
    case 'lint':
      return <LintFindings lint={report.lint} />;
    case 'contracts':
      return <ContractResults contracts={report.contracts} />;
    case 'replay':
      return report.replay === undefined ? null : <Replay replay={report.replay} />;
    case 'changes':
      return <SchemaChangeList changes={report.changes} />;
  }
}
