import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

export const OBSERVABILITY = join(import.meta.dirname, '..', '..', '..', 'deploy', 'observability');

/** A rule file of Prometheus with alerts only. */
export const rulesSchema = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string(),
      rules: z.array(
        z.strictObject({
          alert: z.string(),
          expr: z.string(),
          for: z.string().optional(),
          labels: z.strictObject({ severity: z.string() }),
          annotations: z.strictObject({
            summary: z.string(),
            description: z.string(),
            runbook_url: z.string(),
          }),
        }),
      ),
    }),
  ),
});

export type AlertRule = z.infer<typeof rulesSchema>['groups'][number]['rules'][number];

/** Returns the alerts of `deploy/observability/alerts.yaml`. */
export function alertRules(): readonly AlertRule[] {
  const text = readFileSync(join(OBSERVABILITY, 'alerts.yaml'), 'utf8');
  return rulesSchema.parse(parse(text)).groups.flatMap(({ rules }) => rules);
}
