import type { DocumentNode } from 'graphql';
import { createContractPricing, createPricing } from '../../cost/pricing.ts';
import type { Pricing } from '../../cost/pricing.ts';
import { createGuards } from '../../authorization/authorization.ts';
import type { Guard } from '../../authorization/guard.ts';
import { createPolicyEvaluator } from '../../authorization/requirement.ts';
import type { Config } from '../../config/config-schema.ts';
import { ConfigError, placeIn } from '../../config/yaml/read-yaml.ts';
import { fieldsAt } from '../../degradation/coordinates.ts';
import { readFallbacks } from '../../degradation/fallbacks.ts';
import type { UnfitSetting } from '../../degradation/fallbacks.ts';
import { readStalePolicies } from '../../degradation/stale-policy.ts';
import type { FallbackOf } from '../../execution/response/fallback.ts';
import type { StalePolicyOf } from '../../execution/stale/stale-values.ts';
import type { Planner, createPlanner } from '../../planning/planner.ts';
import type { Finding } from '../finding.ts';
import type { Graph } from '../../apollo/describe-graph.ts';
import { buildContracts } from '../contracts/contract.ts';
import type { Contract } from '../contracts/contract.ts';
import type { Supergraph } from '../supergraph-source.ts';
import { servedDifferently } from './served-differently.ts';
import { constantLabels } from './constant-labels.ts';
import { readSupergraph } from './read-supergraph.ts';
import { readOverrideLabels } from '../../planning/override-labels.ts';
import type { OverrideLabels } from '../../planning/override-labels.ts';
import { unknownArguments } from './unknown-arguments.ts';
import { unknownField, unknownSubgraph } from './unknown-names.ts';

/** A supergraph that the router can serve, and everything that the router builds from it alone. */
export type AcceptedSupergraph = {
  readonly graph: Graph;
  /**
   * SDL for Apollo's gateway and planner. Directives that the router enforces itself are removed, and default
   * values of custom scalars are replaced by placeholders, because Apollo's libraries would change these
   * values.
   */
  readonly servableSdl: string;
  /** Query planner for this supergraph. The caller must dispose of it. */
  readonly planner: Planner;
  readonly pricing: Pricing;
  readonly guard: (document: DocumentNode, operationName: string | undefined) => Guard | undefined;
  readonly fallbackOf: FallbackOf | undefined;
  readonly stalePolicyOf: StalePolicyOf | undefined;
  readonly overrideLabels: OverrideLabels;
  /** Contracts by name. A contract is a part of the supergraph that is served as a graph of its own. */
  readonly contracts: ReadonlyMap<string, AcceptedContract>;
  /** One warning for each part of the supergraph that the router accepts but does not implement. */
  readonly warnings: readonly Finding[];
  /** One warning for each configured graph whose contract was not published to the registry. */
  readonly unpublished: readonly string[];
};

/**
 * A contract (a part of the supergraph that is served as a graph of its own), with the cost of its fields and
 * its fallback values.
 */
export type AcceptedContract = Contract & Pick<AcceptedSupergraph, 'pricing' | 'fallbackOf'>;

/**
 * Checks whether this router, with its configuration, can serve a supergraph, and builds everything that is
 * needed to serve it. The router and `npm run compose` use this function.
 * @throws {SupergraphRejected} if no configuration makes the supergraph servable.
 * @throws {ConfigError} if the configuration names something that the supergraph does not have.
 */
export async function acceptSupergraph(
  supergraph: Supergraph,
  config: Config,
  startPlanner: typeof createPlanner,
): Promise<AcceptedSupergraph> {
  const fitted = fitSupergraph(supergraph, config);
  const { timeoutMs, maxWaitingPerCaller } = config.planning;
  const options = { supergraphSdl: fitted.servableSdl, timeoutMs, maxWaitingPerCaller };
  return { ...fitted, planner: await startPlanner(options) };
}

/**
 * Checks whether this router can serve a supergraph, and builds all that is needed except the query planner.
 * @throws {SupergraphRejected} or {ConfigError}
 */
export function fitSupergraph(supergraph: Supergraph, config: Config): Omit<AcceptedSupergraph, 'planner'> {
  const { graph, document, servable, servableSdl, defaults, requirements, warnings } = readSupergraph(
    supergraph.sdl,
  );
  const pricing = createPricing(document, config.rateLimit);
  const { fallbackOf, unfit } = readFallbacks(graph.schema, config.degradation);
  const stale = readStalePolicies(graph.schema, graph.supergraphSchema, config.degradation);
  const {
    contracts,
    problems: unfitContracts,
    unpublished,
  } = buildContracts(config, {
    publishedContracts: supergraph.contracts,
    published: supergraph.sdl,
    servable,
    defaults,
  });
  const problems = [
    ...unfitContracts,
    ...unknownSubgraphs(config, graph),
    ...unknownPublicFields(config, graph),
    ...pricing.unknownFields.map((field) =>
      unknownField(placeIn(config, ['rateLimit', 'fields', field]), field, graph.schema),
    ),
    ...unknownArguments(config, graph.schema),
    ...unfit.map((misfit) => unfitProblem('fallbacks', misfit, config, graph)),
    ...stale.unfit.map((misfit) => unfitProblem('stale', misfit, config, graph)),
  ];
  if (problems.length > 0) throw new ConfigError(problems);

  const policies = createPolicyEvaluator(config.authorization.policies);
  // This guard checks authorization for contracts too. It needs the whole schema, because an interface field
  // may return an object whose type the contract hides.
  const guard = createGuards(graph.schema, requirements, policies);
  const accepted = [...contracts].map(([name, contract]): [string, AcceptedContract] => [
    name,
    {
      ...contract,
      pricing: createContractPricing(pricing, contract.exposed, config.rateLimit),
      // The schema of the contract is used, so that no fallback is an enum value that the contract hides.
      fallbackOf: readFallbacks(contract.graph.schema, config.degradation).fallbackOf,
    },
  ]);
  const overrideLabels = readOverrideLabels(servableSdl, graph.supergraphSchema);
  return {
    graph,
    servableSdl,
    pricing,
    guard,
    fallbackOf,
    stalePolicyOf: stale.stalePolicyOf,
    overrideLabels,
    contracts: new Map(accepted),
    unpublished,
    warnings: [
      ...warnings,
      ...servedDifferently(graph.supergraphSchema),
      ...constantLabels(overrideLabels, config),
    ],
  };
}

function unknownSubgraphs(config: Config, { routes }: Graph): readonly string[] {
  return (['traffic', 'headers'] as const).flatMap((section) =>
    Object.keys(config[section].subgraphs)
      .filter((name) => !routes.has(name))
      .map((name) => unknownSubgraph(placeIn(config, [section, 'subgraphs', name]), name, routes.keys())),
  );
}

function unknownPublicFields(config: Config, { schema }: Graph): readonly string[] {
  return config.authentication.publicFields.flatMap((coordinate, index) =>
    // Introspection (`Query.__schema`, `Query.__type`) is not among the fields of the type.
    coordinate.includes('.__') || fieldsAt(schema, coordinate).length > 0
      ? []
      : [unknownField(placeIn(config, ['authentication', 'publicFields', index]), coordinate, schema)],
  );
}

function unfitProblem(
  setting: 'fallbacks' | 'stale',
  { coordinate, reason }: UnfitSetting,
  config: Config,
  { schema }: Graph,
): string {
  const place = placeIn(config, ['degradation', setting, coordinate]);
  return fieldsAt(schema, coordinate).length === 0
    ? unknownField(place, coordinate, schema)
    : `${place}: ${reason}`;
}
