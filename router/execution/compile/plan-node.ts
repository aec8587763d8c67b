import type { FetchProgram } from './fetch-program.ts';

/**
 * A node of a compiled plan: a fetch, or nodes that run one after the other, in parallel or under a
 * condition.
 */
export type PlanProgram =
  | { readonly kind: 'sequence' | 'parallel'; readonly nodes: readonly PlanProgram[] }
  | {
      readonly kind: 'condition';
      readonly variable: string;
      readonly consequent: PlanProgram | undefined;
      readonly alternate: PlanProgram | undefined;
    }
  | { readonly kind: 'fetch'; readonly fetch: FetchProgram };
