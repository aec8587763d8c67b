import type { CheckSettings } from '../../checks/settings.ts';
import { MisuseError, positiveNumber } from '../command-spec.ts';

/** Options that replace single settings of the variant for one check. */
export const CHECK_SETTINGS_OPTIONS = {
  'since-days': {
    type: 'string',
    value: 'N',
    description: 'Consider operations of the last N days only. Default: as the variant is configured.',
  },
  'ignore-below-calls': {
    type: 'string',
    value: 'N',
    description: 'Leave out operations with fewer calls. Default: as the variant is configured.',
  },
  'exclude-client': {
    type: 'string',
    value: 'NAME',
    multiple: true,
    description: 'Leave out the calls of this client. Repeatable. Default: as the variant is configured.',
  },
  'fail-on-cost-growth': {
    type: 'string',
    value: 'PERCENT',
    description: 'Fail if the cost of an operation grows by more. Default: as the variant is configured.',
  },
} as const;

type CheckSettingsValues = {
  readonly 'since-days': string | undefined;
  readonly 'ignore-below-calls': string | undefined;
  readonly 'exclude-client': readonly string[];
  readonly 'fail-on-cost-growth': string | undefined;
};

/**
 * Returns the settings that are given, as the registry names them.
 * @throws {MisuseError} if a number is none
 */
export function givenCheckSettings(values: CheckSettingsValues): Partial<CheckSettings> {
  const sinceDays = values['since-days'];
  const ignoreBelowCalls = values['ignore-below-calls'];
  const growth = values['fail-on-cost-growth'];
  return {
    ...(sinceDays !== undefined && { sinceDays: positiveNumber('since-days', sinceDays, { whole: true }) }),
    ...(ignoreBelowCalls !== undefined && {
      ignoreBelowCalls: positiveNumber('ignore-below-calls', ignoreBelowCalls, { whole: true }),
    }),
    ...(values['exclude-client'].length > 0 && { excludeClients: values['exclude-client'] }),
    ...(growth !== undefined && { failOnCostGrowthPercent: percentage(growth) }),
  };
}

function percentage(text: string): number {
  const number = Number(text);
  if (text.trim() !== '' && number >= 0) return number;
  throw new MisuseError(`--fail-on-cost-growth must be a number from 0 on, not "${text}"`);
}
