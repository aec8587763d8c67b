import type { RegistryDatabase } from './tables.ts';

export type AuditEvent = {
  readonly action: string;
  readonly graph: string | null;
  readonly variant?: string | null;
  /** Null for changes that the registry makes itself. */
  readonly keyId: string | null;
  /** Parameters and outcome; never a secret or the text of a schema. */
  readonly details?: Readonly<Record<string, unknown>>;
};

/** Records a change. It belongs to the transaction of the change. */
export async function recordAudit(db: RegistryDatabase, event: AuditEvent, now: number): Promise<void> {
  await db
    .insertInto('audit')
    .values({
      at: new Date(now),
      action: event.action,
      graph: event.graph,
      variant: event.variant ?? null,
      key_id: event.keyId,
      details: JSON.stringify(event.details ?? {}),
    })
    .execute();
}
