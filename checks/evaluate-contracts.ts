import { buildContract } from '../router/supergraph/contracts/contract.ts';
import type { BuiltContract } from '../router/supergraph/contracts/contract.ts';
import type { TagRules } from '../router/supergraph/contracts/hide-by-tags.ts';
import type { GraphVersion } from './composition.ts';
import type { UnlistedUse } from './changes/unlisted-use.ts';
import { evaluateGraph } from './evaluate-graph.ts';
import { isValidIn } from './operations/evaluate-operation.ts';
import { viewOf } from './operations/schema-view.ts';
import type { RecordedOperation } from './recorded-operation.ts';
import type { ContractReport } from './report.ts';

/** A contract: a part of the graph by tags. */
export type CheckedContract = TagRules & {
  readonly name: string;
  /** Rules that are served, if they change, too; null for a new contract. */
  readonly before?: TagRules | null;
  /** Operations of the contract's clients. Default: all recorded operations. */
  readonly operations?: readonly RecordedOperation[];
};

type RecordedUse = {
  readonly operations: readonly RecordedOperation[] | undefined;
  readonly unlisted: UnlistedUse;
};

type Versions = { readonly before: GraphVersion | undefined; readonly after: GraphVersion };

/** Returns the effect of a change on each contract, by the operations that are valid in it today. */
export function evaluateContracts(
  contracts: readonly CheckedContract[],
  versions: Versions,
  recorded: RecordedUse,
): Promise<readonly ContractReport[]> {
  return Promise.all(contracts.map((contract) => evaluateContract(contract, versions, recorded)));
}

async function evaluateContract(
  { name, before: rulesBefore, operations: own, ...rules }: CheckedContract,
  { before, after }: Versions,
  recorded: RecordedUse,
): Promise<ContractReport> {
  const later = contractIn(after, rules);
  if (later.kind === 'failed') {
    const errors = later.problems.map((message) => ({ code: 'CONTRACT_INVALID', message }));
    return { name, success: false, composition: { errors, hints: [] }, operations: [], changes: [] };
  }
  const report = { name, success: true, composition: NOTHING_FOUND, operations: [], changes: [] };
  if (before === undefined || rulesBefore === null) return report;
  const earlier = contractIn(before, rulesBefore ?? rules);
  // A contract that could not be built was not served, so it had no clients.
  if (earlier.kind === 'failed') return report;
  const views = {
    before: viewOf({ ...before, graph: earlier.contract.graph }),
    after: viewOf({ ...after, graph: later.contract.graph }),
  };
  const operations = (own ?? recorded.operations)?.filter(({ body }) => isValidIn(views.before, body));
  // Unlisted use is that of the whole graph: a contract with operations of its own has other clients.
  const unlisted = own === undefined ? recorded.unlisted : {};
  const evaluation = await evaluateGraph({ views, operations, unlisted, others: [] });
  return { ...report, ...evaluation };
}

const NOTHING_FOUND = { errors: [], hints: [] };

function contractIn(version: GraphVersion, rules: TagRules): BuiltContract {
  return buildContract(rules, { ...version, published: version.graph.supergraphSdl });
}
