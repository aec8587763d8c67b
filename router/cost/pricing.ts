import type { DocumentNode, GraphQLNamedType } from 'graphql';
import type { Config } from '../config/config-schema.ts';
import { compileActualCost } from './actual-cost.ts';
import type { ActualCost, DeliveredOperation } from './actual-cost.ts';
import { compileCost } from './cost.ts';
import { readCostModel } from './cost-model.ts';
import type { CostModel, Variables } from './cost-model.ts';
import { compileDeliveredCalls } from './delivered-calls.ts';
import type { DeliveredCalls } from './delivered-calls.ts';
import { limitsOf } from './field-limits.ts';
import { compileFieldCalls, findLimitedFields } from './field-calls.ts';
import type { CallLimits, FieldCalls } from './field-calls.ts';

/** Functions for one operation: they estimate its cost, and count its calls of fields with a rate limit. */
export type Price = {
  /** Returns the cost of the operation in points, given the variables of a request. */
  readonly cost: (variables: Variables) => number;
  /** Returns the number of calls of each field with a rate limit, given the variables of a request. */
  readonly calls: (variables: Variables) => readonly FieldCalls[];
};

/** Estimates, for operations of one supergraph, their costs and their calls of fields with a rate limit. */
export type Pricing = {
  readonly estimate: (document: DocumentNode, name: string | undefined) => Price;
  readonly actual: (operation: DeliveredOperation) => ActualCost | undefined;
  /**
   * Compiles the function that counts, in a response, the calls of fields with a rate limit that have
   * returned a value. A limit that counts only failures does not count these calls.
   */
  readonly deliveredCalls: (operation: DeliveredOperation) => DeliveredCalls | undefined;
  /** Returns the slicing arguments (page sizes) that the `@listSize` of a field names. */
  readonly slicingArguments: (parent: GraphQLNamedType, field: string) => readonly string[];
  readonly limits: CallLimits;
  /**
   * Coordinates of fields that have a rate limit in the configuration, but do not exist in the supergraph.
   */
  readonly unknownFields: readonly string[];
};

type PricingConfig = Pick<Config['rateLimit'], 'defaultListSize' | 'fields'>;

/**
 * Creates the pricing of a contract (a part of the supergraph). Costs and calls are estimated with the types
 * of this part. Rate limits and actual costs are those of the whole supergraph.
 * @param exposed the supergraph without the elements that the contract hides
 */
export function createContractPricing(full: Pricing, exposed: DocumentNode, config: PricingConfig): Pricing {
  return { ...full, ...estimation(readCostModel(exposed, config), full.limits) };
}

function estimation(model: CostModel, limits: CallLimits): Pick<Pricing, 'estimate' | 'slicingArguments'> {
  return {
    estimate: (document, name) => ({
      cost: compileCost(model, document, name),
      calls: compileFieldCalls(model, limits, { document, name }),
    }),
    // `parent` is a type of another schema (the API schema), so the type of the same name in `model` is used.
    slicingArguments: (parent, field) =>
      model.field(model.schema.getType(parent.name), field)?.listSize?.slicingArguments ?? [],
  };
}

/** Creates the estimation of costs and calls for operations of one supergraph. */
export function createPricing(supergraph: DocumentNode, { defaultListSize, fields }: PricingConfig): Pricing {
  const model = readCostModel(supergraph, { defaultListSize });
  const coordinates = Object.keys(fields);
  const refunding = coordinates.filter((coordinate) =>
    limitsOf(fields, coordinate).some(({ counts }) => counts === 'failures'),
  );
  const limits = {
    limited: findLimitedFields(model.schema, coordinates),
    // Two limits of a field may count by the same argument, for example one per minute and one per hour. The
    // path of the argument is returned once. Otherwise `FieldCalls.values` would have each value twice.
    argumentsOf: (coordinate: string) => [
      ...new Set(
        limitsOf(fields, coordinate).flatMap(({ per }) =>
          per.startsWith('argument:') ? [per.slice('argument:'.length)] : [],
        ),
      ),
    ],
  };
  return {
    ...estimation(model, limits),
    limits,
    deliveredCalls: (operation) => compileDeliveredCalls(operation, refunding),
    actual: (operation) => compileActualCost(model, operation),
    unknownFields: coordinates.filter((coordinate) => {
      const [typeName = '', fieldName = ''] = coordinate.split('.');
      return model.field(model.schema.getType(typeName), fieldName) === undefined;
    }),
  };
}
