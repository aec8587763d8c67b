import { errorCauses } from '@apollo/federation-internals';
import { GraphQLError } from 'graphql';
import type { DocumentNode } from 'graphql';
import { describeGraph } from '../../apollo/describe-graph.ts';
import type { Graph } from '../../apollo/describe-graph.ts';
import type { Config } from '../../config/config-schema.ts';
import { placeIn } from '../../config/yaml/read-yaml.ts';
import { closestName } from '../../shared/closest-name.ts';
import { messageOf } from '../../shared/error-message.ts';
import type { HiddenDefaults } from '../../shared/graphql/hidden-defaults.ts';
import { contractProblem } from './contract-problems.ts';
import { exposedDocument } from './exposed-document.ts';
import { hideByTags, tagsOf } from './hide-by-tags.ts';
import type { TagRules } from './hide-by-tags.ts';
import type { PublishedContract } from '../registry/release.ts';

/** A part of the supergraph that is served as a graph of its own. */
export type Contract = {
  readonly graph: Graph;
  /** The supergraph document without the elements that the contract hides. */
  readonly exposed: DocumentNode;
};

export type Contracts = {
  /** Contracts (parts of the supergraph that are served as graphs of their own) by name. */
  readonly contracts: ReadonlyMap<string, Contract>;
  /**
   * Error messages about contracts that cannot be built from this supergraph, for example because of an
   * unknown tag. Each message begins with the location of the contract in the configuration.
   */
  readonly problems: readonly string[];
  /**
   * Warnings about configured graphs whose contract was not published to the registry. Requests to such a
   * graph are rejected.
   */
  readonly unpublished: readonly string[];
};

type SupergraphTexts = {
  readonly published: string;
  readonly servable: DocumentNode;
  readonly defaults: HiddenDefaults;
};

export type ContractTexts = SupergraphTexts & {
  /**
   * Contracts that were published to the registry. A graph in the configuration refers to one by its name
   * (`graphs.*.contract`).
   */
  readonly publishedContracts: readonly PublishedContract[];
};

/**
 * Builds the schemas of all contracts in the setting `graphs`. All contracts use the query planner and the
 * subgraphs of the whole supergraph.
 */
export function buildContracts(config: Config, texts: ContractTexts): Contracts {
  const contracts = new Map<string, Contract>();
  const problems: string[] = [];
  const unpublished: string[] = [];
  const entries = Object.entries(config.graphs);
  const known = entries.length === 0 ? new Set<string>() : tagsOf(texts.servable);
  for (const [name, graph] of entries) {
    const place = placeIn(config, ['graphs', name]);
    const rules = rulesOf(graph, texts.publishedContracts);
    if (rules === undefined) {
      unpublished.push(`${place}: ${notPublished(graph.contract, texts.publishedContracts)}`);
      continue;
    }
    const built = buildContract(rules, texts, known);
    if (built.kind === 'built') contracts.set(name, built.contract);
    else problems.push(...built.problems.map((problem) => `${place}: ${problem}`));
  }
  return { contracts, problems, unpublished };
}

/** A contract (part of the supergraph), or the reasons why the supergraph has no valid schema for it. */
export type BuiltContract =
  | { readonly kind: 'built'; readonly contract: Contract }
  | { readonly kind: 'failed'; readonly problems: readonly string[] };

/** Builds the schema of one contract. `known` has all tags of the supergraph, to recognize unknown tags. */
export function buildContract(
  rules: TagRules,
  texts: SupergraphTexts,
  known: ReadonlySet<string> = tagsOf(texts.servable),
): BuiltContract {
  const unknown = [...rules.include, ...rules.exclude].filter((tag) => !known.has(tag));
  if (unknown.length > 0) return { kind: 'failed', problems: unknown.map((tag) => unknownTag(tag, known)) };
  try {
    return { kind: 'built', contract: contractOf(hideByTags(texts.servable, rules), texts) };
  } catch (error) {
    return { kind: 'failed', problems: reasonsOf(error) };
  }
}

/**
 * Returns the tags that a configured graph includes and excludes. If the graph refers to a published
 * contract, these are the contract's tags; undefined if no such contract was published.
 */
function rulesOf(graph: Config['graphs'][string], published: readonly PublishedContract[]) {
  return graph.contract === undefined ? graph : published.find(({ name }) => name === graph.contract);
}

function notPublished(contract = '', published: readonly PublishedContract[]): string {
  const names = published.map(({ name }) => name);
  const closest = closestName(contract, names);
  const hint = closest === undefined ? '' : ` (did you mean ${closest}?)`;
  const contracts = names.length === 0 ? 'no contracts' : `the contracts ${names.toSorted().join(', ')}`;
  return `the release has no contract ${contract}${hint}; it has ${contracts}. Requests to this graph get 404 until it is published`;
}

function contractOf(servable: DocumentNode, texts: SupergraphTexts): Contract {
  return { graph: describeGraph({ ...texts, servable }), exposed: exposedDocument(servable) };
}

function unknownTag(tag: string, known: ReadonlySet<string>): string {
  const closest = closestName(tag, [...known]);
  const names = known.size === 0 ? 'it has no tags' : `its tags are ${[...known].toSorted().join(', ')}`;
  return `the supergraph has no tag ${tag}; ${closest === undefined ? '' : `did you mean ${closest}? `}${names}`;
}

/**
 * Returns why a contract could not be built, given the error that was thrown. There is one reason for each
 * visible element that needs a hidden one, such as a field whose type is hidden.
 */
function reasonsOf(error: unknown): readonly string[] {
  const causes = error instanceof Error ? errorCauses(error) : undefined;
  return (causes ?? [error]).map((cause) =>
    cause instanceof GraphQLError ? contractProblem(cause) : messageOf(cause),
  );
}
