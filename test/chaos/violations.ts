/** What has to hold whatever happens. */
export const INVARIANTS = {
  budget: 'What a bucket admits stays within its capacity + rate × time, in every interval',
  charged: 'Whoever is served has been charged for it',
  delivery: 'A mutation is delivered at most once, and what was confirmed is kept',
  generation: 'A request is served by the supergraph that it began on',
  identity: 'Nobody acts or is answered as somebody else',
  data: 'What is delivered is what is there',
  null: 'Every null that need not be has an error or a degradation at its path',
  onError: 'An error does to the answer what the client has asked for',
  leak: 'No address, path or stack leaves',
  status: 'Nobody is refused without a cause, or without being told when to come again',
  hang: 'Every request is answered within its deadline',
  lost: 'No request is lost, but by a router that is killed',
  crash: 'No router fails, and nothing ends by itself',
  recovery: 'When all faults are over, everything is delivered again',
} as const;

export type Invariant = keyof typeof INVARIANTS;

export type Violation = {
  readonly invariant: Invariant;
  readonly detail: string;
  /** The request in which it showed. */
  readonly requestId?: string;
};
