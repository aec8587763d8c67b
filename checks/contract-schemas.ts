import { printSchema } from 'graphql';
import { buildContract } from '../router/supergraph/contracts/contract.ts';
import type { TagRules } from '../router/supergraph/contracts/hide-by-tags.ts';
import { readVersion } from './composition.ts';
import type { Finding } from './report.ts';

/** API schema of a contract, or why it has none. */
export type ContractSchema = {
  readonly name: string;
  readonly sdl: string | null;
  readonly errors: readonly Finding[];
};

/** Builds the API schemas of contracts of a supergraph that the router can serve. */
export function contractSchemas(
  supergraphSdl: string,
  contracts: readonly (TagRules & { readonly name: string })[],
): readonly ContractSchema[] {
  if (contracts.length === 0) return [];
  const version = readVersion(supergraphSdl);
  const texts = { ...version, published: supergraphSdl };
  return contracts.map(({ name, ...rules }) => {
    const built = buildContract(rules, texts);
    if (built.kind === 'built') return { name, sdl: printSchema(built.contract.graph.schema), errors: [] };
    const errors = built.problems.map((message) => ({ code: 'CONTRACT_INVALID', message }));
    return { name, sdl: null, errors };
  });
}
