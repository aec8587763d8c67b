import { buildContract } from '../router/supergraph/contracts/contract.ts';
import type { BuiltContract } from '../router/supergraph/contracts/contract.ts';
import type { TagRules } from '../router/supergraph/contracts/hide-by-tags.ts';
import type { GraphVersion } from './composition.ts';
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

type Versions = { readonly before: GraphVersion | undefined; readonly after: GraphVersion };

/** Returns the effect of a change on each contract, by the operations that are valid in it today. */
export function evaluateContracts(
  contracts: readonly CheckedContract[],
  versions: Versions,
  operations: readonly RecordedOperation[] | undefined,
): Promise<readonly ContractReport[]> {
  return Promise.all(contracts.map((contract) => evaluateContract(contract, versions, operations)));
}

async function evaluateContract(
  { name, before: rulesBefore, operations: own, ...rules }: CheckedContract,
  { before, after }: Versions,
  recorded: readonly RecordedOperation[] | undefined,
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
  const operations = (own ?? recorded)?.filter(({ body }) => isValidIn(views.before, body));
  const { access: _, ...evaluation } = await evaluateGraph({ views, operations, others: [] });
  return { ...report, ...evaluation };
}

const NOTHING_FOUND = { errors: [], hints: [] };

function contractIn(version: GraphVersion, rules: TagRules): BuiltContract {
  return buildContract(rules, { ...version, published: version.graph.supergraphSdl });
}
