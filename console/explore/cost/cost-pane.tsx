import { useMemo } from 'preact/hooks';
import type { CostModel } from '../../../router/cost/cost-model.ts';
import { count } from '../../frame/format.ts';
import { useSchema } from '../../frame/schema-resource.ts';
import { Show } from '../../frame/states.tsx';
import { Subgraph } from '../../frame/subgraph.tsx';
import { indexSdl } from '../../schema/index-sdl.ts';
import type { SchemaIndex } from '../../schema/schema-model.ts';
import { parseDocument } from '../editor/document-facts.ts';
import type { Result } from '../run/result.ts';
import { fieldCosts } from './field-costs.ts';
import type { FieldCostRow } from './field-costs.ts';
import { useCosts } from './use-cost-model.ts';

/** The cost of a run: in total, by field, and against the limits. */
export function CostPane({ result }: { readonly result: Result }) {
  const schema = useSchema();
  const { model, maxCost } = useCosts();
  return (
    <div class="scroll cost" tabIndex={0} role="region" aria-label="Cost">
      <Totals result={result} maxCost={maxCost} />
      <Show resource={schema}>
        {({ supergraph }) =>
          model !== undefined && <CostTable supergraph={supergraph} model={model} result={result} />
        }
      </Show>
    </div>
  );
}

function Totals({ result, maxCost }: { readonly result: Result; readonly maxCost: number | undefined }) {
  const { cost, tributaryPlan } = result.body?.extensions ?? {};
  const estimated = cost?.requested ?? tributaryPlan?.cost ?? undefined;
  const remaining = cost?.remaining ?? numberOf(result.headers['x-ratelimit-remaining']);
  const bucket = numberOf(result.headers['x-ratelimit-limit']);
  return (
    <dl class="totals">
      <Total
        name="Estimated"
        value={estimated}
        note={maxCost && estimated !== undefined ? `of at most ${maxCost.toLocaleString('en')}` : undefined}
        part={estimated}
        whole={maxCost}
      />
      <Total
        name="Actual"
        value={cost?.actual}
        note={givenBack(estimated, cost?.actual)}
        part={cost?.actual}
        whole={estimated}
      />
      <Total
        name="Left in the budget"
        value={remaining}
        note={
          remaining === undefined
            ? 'rateLimit.enabled is off'
            : bucket
              ? `of ${bucket.toLocaleString('en')}`
              : undefined
        }
        part={remaining}
        whole={bucket}
      />
    </dl>
  );
}

function numberOf(text: string | undefined): number | undefined {
  const number = Number(text);
  return text === undefined || Number.isNaN(number) ? undefined : number;
}

function givenBack(estimated: number | undefined, actual: number | undefined): string | undefined {
  if (estimated === undefined || actual === undefined || actual >= estimated) return undefined;
  return `${count(estimated - actual, 'point')} given back`;
}

function Total({
  name,
  value,
  note,
  part,
  whole,
}: {
  readonly name: string;
  readonly value: number | undefined;
  readonly note?: string | undefined;
  readonly part: number | undefined;
  readonly whole: number | undefined;
}) {
  return (
    <div class="total">
      <dt>{name}</dt>
      <dd>
        <span class="total-value number">{value === undefined ? '–' : value.toLocaleString('en')}</span>{' '}
        {note !== undefined && <span class="soft">{note}</span>}
        {part !== undefined && whole !== undefined && whole > 0 && (
          <span class="meter" aria-hidden="true">
            <span style={{ width: `${Math.min(100, (part / whole) * 100)}%` }} />
          </span>
        )}
      </dd>
    </div>
  );
}

function CostTable({
  supergraph,
  model,
  result,
}: {
  readonly supergraph: string;
  readonly model: CostModel;
  readonly result: Result;
}) {
  const index = useMemo(() => indexSdl(supergraph), [supergraph]);
  const rows = useMemo(() => rowsFor(model, result), [model, result]);
  if (rows === undefined) return <p class="hint">The operation has no cost, because it is not valid.</p>;
  const called = new Set(result.body?.extensions?.tributaryPlan?.fetches.map(({ subgraph }) => subgraph));
  const greatest = Math.max(1, ...rows.map(({ estimated, actual }) => Math.max(estimated, actual ?? 0)));
  return (
    <table class="cost-table">
      <caption class="visually-hidden">Cost by field</caption>
      <thead>
        <tr>
          <th scope="col">Field</th>
          <th scope="col">Paid for</th>
          <th scope="col" class="number">
            Weight
          </th>
          <th scope="col" class="number">
            Estimated
          </th>
          <th scope="col" class="number">
            Actual
          </th>
          <th scope="col">
            <span class="visually-hidden">Share</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <CostRow key={row.coordinate} row={row} owner={ownerOf(row, index, called)} greatest={greatest} />
        ))}
      </tbody>
    </table>
  );
}

/** Several subgraphs may resolve a field; one that the plan calls is the likely one. */
function ownerOf({ coordinate }: FieldCostRow, { types }: SchemaIndex, called: ReadonlySet<string>) {
  const [type = ''] = coordinate.split('.');
  const member = types.get(type)?.members.find((one) => one.coordinate === coordinate);
  const owners = member?.owners.map(({ subgraph }) => subgraph) ?? [];
  return owners.find((name) => called.has(name)) ?? owners[0];
}

function rowsFor(model: CostModel, result: Result) {
  const document = parseDocument(result.query);
  if (document === undefined) return undefined;
  try {
    return fieldCosts(model, {
      document,
      name: result.operationName,
      variables: result.variables,
      data: result.dryRun ? undefined : (result.body?.data ?? undefined),
    });
  } catch {
    return undefined;
  }
}

function CostRow({
  row,
  owner,
  greatest,
}: {
  readonly row: FieldCostRow;
  readonly owner: string | undefined;
  readonly greatest: number;
}) {
  const { coordinate, weight, estimated, estimatedCount, actual, actualCount } = row;
  return (
    <tr>
      <td class="mono">{coordinate === 'mutation' ? 'every mutation' : coordinate}</td>
      <td>{owner === undefined ? <span class="soft">router</span> : <Subgraph name={owner} />}</td>
      <td class="number">{weight}</td>
      <td class="number">
        <span class="soft">{estimatedCount.toLocaleString('en')} × </span>
        {estimated.toLocaleString('en')}
      </td>
      <td class="number">
        {actual === undefined ? (
          '–'
        ) : (
          <>
            <span class="soft">{actualCount?.toLocaleString('en')} × </span>
            {actual.toLocaleString('en')}
          </>
        )}
      </td>
      <td class="cost-bars" aria-hidden="true">
        <span class="cost-bar" style={{ width: `${(estimated / greatest) * 100}%` }} />
        <span class="cost-bar cost-bar-actual" style={{ width: `${((actual ?? 0) / greatest) * 100}%` }} />
      </td>
    </tr>
  );
}
