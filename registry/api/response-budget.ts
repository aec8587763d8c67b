import type { GraphQLFieldResolver } from 'graphql';
import { RegistryError } from '../errors.ts';

/**
 * Values and characters that one request may still read. Pages can be nested, so the size of the request does
 * not limit them.
 */
export type ResponseBudget = { values: number; characters: number };

type BudgetedContext = { readonly budget: ResponseBudget };

const MAX_VALUES = 50_000;
const MAX_CHARACTERS = 100_000_000;

/** Costs of fields that read large texts, in values. Five manifests are the maximum of one request. */
const COSTS = new Map([
  ['operationManifest', 10_000],
  // With its report; a page of 100 launches may have as many checks.
  ['check', 400],
  ['sdl', 10],
  ['supergraph', 10],
]);

export function createResponseBudget(): ResponseBudget {
  return { values: MAX_VALUES, characters: MAX_CHARACTERS };
}

/** Charges each call of a resolver, the rows of the page that it requests, and the text that it returns. */
export function withBudget<Context extends BudgetedContext>(
  // oxlint-disable-next-line typescript/no-explicit-any -- sources and arguments differ
  resolve: GraphQLFieldResolver<any, Context>,
  // oxlint-disable-next-line typescript/no-explicit-any -- see above
): GraphQLFieldResolver<any, Context> {
  return async (source, args: { readonly first?: unknown }, context, info) => {
    const rows = Number(args.first);
    charge(context.budget, { values: (COSTS.get(info.fieldName) ?? 1) + (rows > 0 ? rows : 0) });
    const result: unknown = await resolve(source, args, context, info);
    if (typeof result === 'string') charge(context.budget, { characters: result.length });
    if (Array.isArray(result)) charge(context.budget, { values: result.length });
    return result;
  };
}

function charge(budget: ResponseBudget, { values = 0, characters = 0 }: Partial<ResponseBudget>): void {
  budget.values -= values;
  budget.characters -= characters;
  if (budget.values >= 0 && budget.characters >= 0) return;
  throw new RegistryError(
    'TOO_LARGE',
    `the response exceeds the limit of ${MAX_VALUES} values or ${MAX_CHARACTERS} characters: select less, or smaller pages`,
  );
}
