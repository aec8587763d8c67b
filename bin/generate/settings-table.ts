import { z } from 'zod';
import { environmentSchema } from '../../registry/settings.ts';

const schemaOfSchema = z.object({
  properties: z.record(
    z.string(),
    z.object({ description: z.string().default(''), default: z.string().optional() }),
  ),
});

/** Formats the environment variables of the registry as a Markdown table. */
export function settingsTable(): string {
  const { properties } = schemaOfSchema.parse(z.toJSONSchema(environmentSchema, { io: 'input' }));
  const rows = Object.entries(properties).map(
    ([name, { description, default: fallback }]) =>
      `| \`${name}\` | ${fallback === undefined ? '' : `\`${fallback}\``} | ${description} |`,
  );
  return ['| Variable | Default | Meaning |', '|---|---|---|', ...rows].join('\n');
}
