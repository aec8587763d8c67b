import type { PageArguments } from '../../database/connection.ts';
import { RegistryError } from '../errors.ts';
import type { VariantRow } from '../store/tables.ts';
import { toManifest } from '../usage/manifest.ts';
import { fetchOperations, readFieldDays, readFieldUse } from '../usage/usage-queries.ts';
import type { OperationFilter } from '../usage/usage-queries.ts';
import type { ApiContext } from './graphql-handler.ts';

type Period = { readonly sinceDays?: number | null };

/** Resolvers of the recorded operations of a variant. */
export const usageResolvers = {
  operations: (
    { id }: VariantRow,
    { coordinate, client, sinceDays, ...page }: Period & OperationFilter & PageArguments,
    { services: { db, now } }: ApiContext,
  ) => fetchOperations(db, id, { filter: { coordinate, client }, page, ...periodOf({ sinceDays }, now) }),
  usage: async (
    { id }: VariantRow,
    { coordinate, ...period }: Period & { readonly coordinate: string },
    { services: { db, now } }: ApiContext,
  ) => {
    const filter = { coordinate, ...periodOf(period, now) };
    return { ...(await readFieldUse(db, id, filter)), days: () => readFieldDays(db, id, filter) };
  },
  operationManifest: async (variant: VariantRow, period: Period, { services }: ApiContext) => {
    const { sinceDays } = periodOf(period, services.now);
    return toManifest(await services.recordedOperations(variant, sinceDays));
  },
};

function periodOf({ sinceDays }: { readonly sinceDays?: number | null | undefined }, now: () => number) {
  if (sinceDays != null && (sinceDays < 1 || sinceDays > 3_650))
    throw new RegistryError('BAD_USER_INPUT', `"sinceDays" must be 1 to 3650, not ${sinceDays}`);
  return { sinceDays: sinceDays ?? null, now: now() };
}
