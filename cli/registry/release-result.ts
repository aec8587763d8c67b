import { z } from 'zod';
import type { Outcome } from '../outcome.ts';
import type { OpenRegistry } from './open-registry.ts';

/** The fields of a release that commands select. */
export const RELEASE_FIELDS =
  'sequence issuedAt serving { number } canary { number } canaryPercent canaryState rollback reason';

/** The launches that routers serve. */
export const releaseSchema = z.object({
  sequence: z.int(),
  issuedAt: z.string(),
  serving: z.object({ number: z.int() }),
  canary: z.object({ number: z.int() }).nullable(),
  canaryPercent: z.number().nullable(),
  canaryState: z.enum(['RUNNING', 'PAUSED']).nullable(),
  rollback: z.boolean(),
  reason: z.string(),
});

export type Release = z.output<typeof releaseSchema>;

/** A mutation that makes the next release: its name, the types of its variables, and their values. */
export type ReleaseChange = {
  readonly mutation: 'promote' | 'pause' | 'resume' | 'rollback';
  readonly types?: Readonly<Record<string, string>>;
  readonly variables?: Readonly<Record<string, unknown>>;
};

/** Makes the next release of a variant and returns the outcome of the command. */
export async function changeRelease(
  { client, ref }: OpenRegistry,
  { mutation, types = {}, variables = {} }: ReleaseChange,
): Promise<Outcome> {
  const declared = Object.entries({ ref: 'ID!', ...types });
  const document = `mutation (${declared.map(([name, type]) => `$${name}: ${type}`).join(', ')}) {
    release: ${mutation}(${declared.map(([name]) => `${name}: $${name}`).join(', ')}) { ${RELEASE_FIELDS} }
  }`;
  const { release } = await client.request(
    document,
    { ref, ...variables },
    z.object({ release: releaseSchema }),
  );
  return { kind: 'success', plain: `${ref}: ${releaseText(release)}\n`, data: releaseData(release) };
}

/** Returns what routers serve: `launch 12 serves, launch 13 is a canary for 5 % of callers (release 40)`. */
export function releaseText({ sequence, serving, canary, canaryPercent, canaryState }: Release): string {
  const share = canaryPercent === null ? '' : ` for ${canaryPercent} % of callers`;
  const paused = canaryState === 'PAUSED' ? ', paused' : '';
  const trial = canary === null ? '' : `, launch ${canary.number} is a canary${share}${paused}`;
  return `launch ${serving.number} serves${trial} (release ${sequence})`;
}

/** Returns a release as members of `data`. */
export function releaseData({ serving, canary, canaryPercent, canaryState, ...rest }: Release) {
  return {
    ...rest,
    serving: serving.number,
    canary: canary === null ? null : { launch: canary.number, percent: canaryPercent, state: canaryState },
  };
}
