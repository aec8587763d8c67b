import { z } from 'zod';
import { rolloutSettingsSchema } from '../checks/canary.ts';
import { lintSettings } from '../checks/lint/lint-rules.ts';
import { RegistryError } from './errors.ts';
import type { VariantRow } from './store/tables.ts';

const checkSettings = z
  .strictObject({
    sinceDays: z.int().min(1).max(3_650).nullable(),
    ignoreBelowCalls: z.int().min(0),
    excludeClients: z.array(z.string().min(1)).max(100),
    failOnCostGrowthPercent: z.number().min(0).nullable(),
    lint: lintSettings,
  })
  .partial();

const variantSettings = z.strictObject({
  publish: z.enum(['CHECKED', 'UNCHECKED']).default('CHECKED'),
  rollout: rolloutSettingsSchema.prefault({}),
  checks: checkSettings.prefault({}),
});

/** Settings of a variant, with the defaults for those that were never set. */
export type VariantSettings = z.output<typeof variantSettings>;

/** Reads the settings of a variant from its row. */
export function settingsOf({ settings }: Pick<VariantRow, 'settings'>): VariantSettings {
  return variantSettings.parse(settings);
}

/** Returns the changed settings. @throws {RegistryError} BAD_USER_INPUT that names each wrong value */
export function changedSettings(
  variant: Pick<VariantRow, 'settings'>,
  changes: Readonly<Record<string, unknown>>,
): VariantSettings {
  const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value != null));
  const result = variantSettings.safeParse({ ...variant.settings, ...given });
  if (result.success) return result.data;
  throw new RegistryError('BAD_USER_INPUT', problemsOf('settings', result.error));
}

/** @throws {RegistryError} BAD_USER_INPUT that names each wrong value */
export function parseCheckSettings(value: unknown): VariantSettings['checks'] {
  const result = checkSettings.safeParse(value ?? {});
  if (result.success) return result.data;
  throw new RegistryError('BAD_USER_INPUT', problemsOf('settings', result.error));
}

function problemsOf(name: string, { issues }: z.ZodError): string {
  return issues.map(({ path, message }) => `${[name, ...path].join('.')}: ${message}`).join('; ');
}
