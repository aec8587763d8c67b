/** The rules that hold under all faults. */
export const INVARIANTS = {
  budget: 'The points that a bucket admits stay within its capacity + rate × time, in every interval',
  charged: 'Every served request has been charged',
  delivery: 'A mutation is delivered at most once, and every confirmed mutation is stored',
  generation: 'A request is served by the supergraph that it began on',
  identity: 'No request is executed or receives data as another user',
  data: 'Delivered data is correct',
  null: 'Every null caused by a fault has an error or a degradation at its path',
  onError: 'An error has the effect that the client requested',
  leak: 'No response contains an address, path or stack trace',
  status: 'Every rejection has a reason, and a retry-after if a retry can succeed',
  hang: 'Every request has a response within its deadline',
  lost: 'No request is lost, except by a router that is killed',
  crash: 'No router fails, and no process exits by itself',
  recovery: 'After the last fault all queries return complete data again',
} as const;

export type Invariant = keyof typeof INVARIANTS;

export type Violation = {
  readonly invariant: Invariant;
  readonly detail: string;
  /** Id of the request in which it was found. */
  readonly requestId?: string;
};
