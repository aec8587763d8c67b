import type {
  AccessChange,
  CheckReport,
  ContractReport,
  LintFinding,
  OperationResult,
  SchemaChange,
} from '../../checks/report.ts';
import { mayBreakUnlisted, unlistedText } from '../../checks/failure-causes.ts';
import { count } from '../frame/format.ts';
import { verdictOf } from './check-summary.ts';
import { AffectedOperations } from './affected-operations.tsx';
import { Findings } from './findings.tsx';

type AccessProps = {
  readonly access: readonly AccessChange[];
  /** All operations of the report. */
  readonly operations: readonly OperationResult[];
};

export function AccessChanges({ access, operations: all }: AccessProps) {
  if (access.length === 0) return null;
  const named = new Map(all.map((operation) => [operation.id, operation]));
  return (
    <ul class="findings">
      {access.map(({ coordinate, effect, message, operations, unlistedCalls }) => (
        <li key={`${coordinate} ${message}`}>
          <span class={`label ${effect === 'tightened' ? 'label-warn' : ''}`}>{effect}</span>{' '}
          {!message.includes(coordinate) && <code>{coordinate} </code>}
          <span class="finding-message">{message}</span>
          <span class="soft">
            {' '}
            {operations.length === 0
              ? 'no recorded operation selects it'
              : `selected by ${operations.map((id) => userOf(id, named.get(id))).join(', ')}`}
            {unlistedCalls !== undefined && `, ${unlistedText(unlistedCalls)}`}
          </span>
        </li>
      ))}
    </ul>
  );
}

/** Returns the name of an operation, and the clients that send it. */
function userOf(id: string, operation: OperationResult | undefined): string {
  const name = operation?.name ?? id.slice(0, 16);
  const clients = (operation?.clients ?? []).map((client) => client.name);
  return clients.length === 0 ? name : `${name} (${[...new Set(clients)].join(', ')})`;
}

export function LintFindings({ lint }: { readonly lint: readonly LintFinding[] }) {
  const fresh = lint.filter(({ isNew }) => isNew);
  const old = lint.length - fresh.length;
  return (
    <>
      <ul class="findings">
        {fresh.map(({ severity, code, message, subgraph, line }, index) => (
          <li key={index}>
            <span class={`label ${severity === 'error' ? 'label-bad' : 'label-warn'}`}>{severity}</span>{' '}
            <code>{code}</code>{' '}
            <span class="soft">
              {subgraph}
              {line !== undefined && `:${line}`}
            </span>{' '}
            <span class="finding-message">{message}</span>
          </li>
        ))}
      </ul>
      {old > 0 && <p class="soft">{old} findings existed before.</p>}
    </>
  );
}

export function ContractResults({ contracts }: { readonly contracts: readonly ContractReport[] }) {
  return (
    <ul class="affected">
      {contracts.map(({ name, success, composition, operations, changes, access = [] }) => (
        <li key={name}>
          <p class="affected-head">
            <span class={`label ${success ? 'label-good' : 'label-bad'}`}>
              {success ? 'passed' : 'failed'}
            </span>
            <span class="affected-name">{name}</span>
          </p>
          <Findings title="Errors" findings={composition.errors} isBad />
          <AffectedOperations title="Break" operations={verdictOf(operations, 'breaks')} />
          <SchemaChangeList changes={changes.filter(mayBreakUnlisted)} />
          <AccessChanges
            access={access.filter(({ effect }) => effect === 'tightened')}
            operations={operations}
          />
        </li>
      ))}
    </ul>
  );
}

export function Replay({ replay }: { readonly replay: NonNullable<CheckReport['replay']> }) {
  return (
    <ul class="findings">
      {replay.different.map(({ id, path, before, after }) => (
        <li key={`${id} ${path}`}>
          <code>{path}</code>{' '}
          <span class="soft">
            {JSON.stringify(before) ?? 'absent'} → {JSON.stringify(after) ?? 'absent'}
          </span>
        </li>
      ))}
    </ul>
  );
}

const CRITICALITIES = { breaking: 'label label-bad', dangerous: 'label label-warn', safe: 'label' } as const;

export function SchemaChangeList({ changes }: { readonly changes: readonly SchemaChange[] }) {
  if (changes.length === 0) return null;
  return (
    <ul class="findings">
      {changes.map(({ criticality, verdict, message, usedBy }, index) => (
        <li key={index}>
          <span class={CRITICALITIES[criticality]}>{criticality}</span>{' '}
          <span class="finding-message">{message}</span>
          <span class="soft">
            {' '}
            {usedBy.operations === 0
              ? usedBy.unlistedCalls === undefined && 'not used'
              : `${verdict} for ${usedBy.clients.join(', ')}: ${count(usedBy.operations, 'operation')}, ${count(usedBy.calls, 'call')}`}
            {usedBy.unlistedCalls !== undefined && ` ${unlistedText(usedBy.unlistedCalls)}`}
          </span>
        </li>
      ))}
    </ul>
  );
}
