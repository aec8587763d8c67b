import type { RunningShop } from './running-shop.ts';

/** A fault that is injected into the running shop. */
export type Incident = {
  readonly name: string;
  /** One sentence for the options; it may name what an operator has to find out. */
  readonly summary: string;
  /** Causes the incident. Disposing the result undoes it. */
  readonly start: (shop: RunningShop) => Promise<AsyncDisposable & { readonly cause: string }>;
};
