/** An operation that clients send, from usage reports or from a manifest. */
export type RecordedOperation = {
  readonly id: string;
  /** Name of the executed operation. Needed only if the document has several. */
  readonly name?: string | null;
  /** The document. */
  readonly body: string;
  readonly clients?: readonly RecordedClient[];
  /** Samples of variables for a replay. Routers record none. */
  readonly variables?: readonly Readonly<Record<string, unknown>>[];
};

export type RecordedClient = {
  readonly name: string;
  readonly version?: string | null;
  /** Number of calls; null if unknown, as in a manifest. */
  readonly calls: number | null;
  readonly errors?: number;
  /** ISO 8601. */
  readonly lastSeen?: string | null;
};
