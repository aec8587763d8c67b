import { useMemo } from 'preact/hooks';
import type { ConfigResult } from '../../../router/console/api-types.ts';
import { readCostModel } from '../../../router/cost/cost-model.ts';
import type { CostModel } from '../../../router/cost/cost-model.ts';
import { useResource } from '../../api/use-resource.ts';
import { useSchema } from '../../frame/schema-resource.ts';

/** The costs of the served supergraph, and the limit of the router. */
export type ServedCosts = {
  /** Undefined until the schema has arrived. */
  readonly model: CostModel | undefined;
  /** `rateLimit.maxCost`; undefined if rate limits are off. */
  readonly maxCost: number | undefined;
};

const DEFAULT_LIST_SIZE = 10;

export function useCosts(): ServedCosts {
  const supergraph = useSchema().value?.supergraph;
  const config = useResource<ConfigResult>('config');
  const valueOf = (key: string) => config.value?.find((entry) => entry.key === key)?.value;
  const defaultListSize = Number(valueOf('rateLimit.defaultListSize') ?? DEFAULT_LIST_SIZE);
  const maxCost = valueOf('rateLimit.enabled') === true ? valueOf('rateLimit.maxCost') : undefined;
  const model = useMemo(
    () => (supergraph === undefined ? undefined : costModel(supergraph, defaultListSize)),
    [supergraph, defaultListSize],
  );
  return { model, maxCost: typeof maxCost === 'number' ? maxCost : undefined };
}

let last:
  | { readonly supergraph: string; readonly defaultListSize: number; readonly model: CostModel }
  | undefined;

/** Editor and result show costs of the same supergraph, which is read once. */
function costModel(supergraph: string, defaultListSize: number): CostModel {
  if (last?.supergraph !== supergraph || last.defaultListSize !== defaultListSize)
    last = { supergraph, defaultListSize, model: readCostModel(supergraph, { defaultListSize }) };
  return last.model;
}
