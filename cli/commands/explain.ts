import { closestName } from '../../router/shared/closest-name.ts';
import { ERRORS, isErrorCode } from '../../router/shared/errors.ts';
import { FORMAT_OPTION } from '../outcome.ts';
import { defineVerb } from '../verb.ts';

export const explain = defineVerb(
  {
    name: 'explain',
    summary: 'Explains an error code of a response: its meaning and what to do.',
    positionals: {
      name: 'CODE',
      max: 1,
      description: 'The code in `extensions.code`, such as RATE_LIMITED.',
    },
    examples: ['tributary explain RATE_LIMITED'],
    options: { format: FORMAT_OPTION },
  },
  async ({ positionals: [given = ''] }) => {
    const code = given.toUpperCase();
    if (!isErrorCode(code)) {
      const closest = closestName(code, Object.keys(ERRORS));
      const hint = closest === undefined ? '' : `; did you mean ${closest}?`;
      return {
        kind: 'failure',
        code: 'UNKNOWN_CODE',
        message: `unknown error code ${given}${hint}`,
      };
    }
    const { status, meaning, remedy } = ERRORS[code];
    return {
      kind: 'success',
      plain: `${code} (HTTP status ${status})\n\n${meaning}\n\nWhat to do: ${remedy}\n`,
      data: { code, status, meaning, remedy },
    };
  },
);
