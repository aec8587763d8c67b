import type { Config } from '../../config/config-schema.ts';
import { placeIn } from '../../config/yaml/read-yaml.ts';
import type { OverrideLabels } from '../../planning/override-labels.ts';
import { closestName } from '../../shared/closest-name.ts';
import { percentOf } from '../../shared/percent-label.ts';
import type { Finding } from '../finding.ts';

/**
 * Returns warnings about labels of progressive `@override` that have no value in the setting `overrides`, and
 * about values whose label is not in the supergraph. These are not errors, because the supergraph and the
 * configuration cannot change at the same moment.
 */
export function constantLabels({ fields }: OverrideLabels, config: Config): readonly Finding[] {
  const labels = [...fields.keys()];
  const unset = labels.filter(
    (label) => !Object.hasOwn(config.overrides, label) && percentOf(label) === undefined,
  );
  const unknown = Object.keys(config.overrides).filter((label) => !fields.has(label));
  return [
    ...unset.flatMap((label) =>
      (fields.get(label) ?? []).map(({ coordinate, from }) => ({
        severity: 'warning' as const,
        code: 'OVERRIDE_LABEL_UNSET',
        message: `the label "${label}" has no value in \`overrides\`, so subgraph ${from} keeps resolving the field`,
        coordinate,
      })),
    ),
    ...unknown.map((label) => {
      const closest = closestName(label, labels);
      return {
        severity: 'warning' as const,
        code: 'OVERRIDE_LABEL_UNKNOWN',
        message: `${placeIn(config, ['overrides', label])}: the supergraph has no label ${label}${closest === undefined ? '' : `; did you mean ${closest}?`}`,
      };
    }),
  ];
}
