import type { DocumentNode } from 'graphql';
import type { Config } from '../config/config-schema.ts';
import { compileActualCost } from './actual-cost.ts';
import type { ActualCost, DeliveredOperation } from './actual-cost.ts';
import { compileCost } from './cost.ts';
import { readCostModel } from './cost-model.ts';
import type { Variables } from './cost-model.ts';
import { compileDeliveredCalls } from './delivered-calls.ts';
import type { DeliveredCalls } from './delivered-calls.ts';
import { limitsOf } from './field-limits.ts';
import { compileFieldCalls, findLimitedFields } from './field-calls.ts';
import type { FieldCalls } from './field-calls.ts';

/** Estimated cost and calls of an operation. */
export type Price = {
  /** Returns the cost in points for given variables. */
  readonly cost: (variables: Variables) => number;
  /** Returns the number of calls of each rate-limited field for given variables. */
  readonly calls: (variables: Variables) => readonly FieldCalls[];
};

/** Estimates costs and calls for the operations of one supergraph. */
export type Pricing = {
  readonly estimate: (document: DocumentNode, name: string | undefined) => Price;
  readonly actual: (operation: DeliveredOperation) => ActualCost | undefined;
  /**
   * Compiles the function that counts the calls which returned a value, for fields whose limit counts only
   * failures.
   */
  readonly deliveredCalls: (operation: DeliveredOperation) => DeliveredCalls | undefined;
  /** Configured fields with a rate limit that the supergraph does not have. */
  readonly unknownFields: readonly string[];
};

/** Creates the pricing for the operations of one supergraph. */
export function createPricing(
  supergraphSdl: string,
  { defaultListSize, fields }: Pick<Config['rateLimit'], 'defaultListSize' | 'fields'>,
): Pricing {
  const model = readCostModel(supergraphSdl, { defaultListSize });
  const coordinates = Object.keys(fields);
  const refunding = coordinates.filter((coordinate) =>
    limitsOf(fields, coordinate).some(({ counts }) => counts === 'failures'),
  );
  const limits = {
    limited: findLimitedFields(model.schema, coordinates),
    argumentsOf: (coordinate: string) =>
      limitsOf(fields, coordinate).flatMap(({ per }) =>
        per.startsWith('argument:') ? [per.slice('argument:'.length)] : [],
      ),
  };
  return {
    estimate: (document, name) => ({
      cost: compileCost(model, document, name),
      calls: compileFieldCalls(model, limits, { document, name }),
    }),
    deliveredCalls: (operation) => compileDeliveredCalls(operation, refunding),
    actual: (operation) => compileActualCost(model, operation),
    unknownFields: coordinates.filter((coordinate) => {
      const [typeName = '', fieldName = ''] = coordinate.split('.');
      return model.field(model.schema.getType(typeName), fieldName) === undefined;
    }),
  };
}
