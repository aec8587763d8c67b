import type { Logger } from 'pino';
import type { RecordedOperation } from '../checks/recorded-operation.ts';
import type { Signer } from './keys/signer.ts';
import type { RegistrySettings } from './settings.ts';
import type { Changes } from './store/changes.ts';
import type { RegistryDatabase, VariantRow } from './store/tables.ts';
import type { WithVariantLock } from './store/variant-lock.ts';
import type { RegistryMetrics } from './telemetry/metrics.ts';
import type { TaskThread } from './threads/task-thread.ts';

/** The parts of a running registry that its operations use. */
export type Services = {
  readonly db: RegistryDatabase;
  readonly settings: RegistrySettings;
  readonly log: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly withVariantLock: WithVariantLock;
  readonly changes: Changes;
  readonly metrics: RegistryMetrics;
  readonly signer: () => Signer;
  /** Composes publishes, so that they do not wait for checks. */
  readonly composer: TaskThread;
  readonly checker: TaskThread;
  /** Keeps the database open until work that outlives its request has ended. */
  readonly inBackground: (work: Promise<unknown>) => void;
  readonly recordedOperations: (
    variant: VariantRow,
    sinceDays: number | null,
  ) => Promise<readonly RecordedOperation[]>;
};
