import { z } from 'zod';
import { shownTime } from '../../checks/report-words.ts';
import { columns } from '../../registry/columns.ts';
import type { Outcome } from '../../outcome.ts';
import { existing } from '../../registry/existing.ts';
import { openRegistry } from '../../registry/open-registry.ts';
import { REGISTRY_OPTIONS } from '../../registry/registry-options.ts';
import { RELEASE_FIELDS, releaseData, releaseSchema, releaseText } from '../../registry/release-result.ts';
import { defineVerb } from '../../verb.ts';

const STATUS = `query ($ref: ID!) {
  variant(ref: $ref) {
    release { ${RELEASE_FIELDS} }
    routers {
      instance routerVersion startedAt reportedAt sequence serving servingSince canary canarySince
      rejections { sequence launch reasons at }
    }
  }
}`;

const routerSchema = z.object({
  instance: z.string(),
  routerVersion: z.string(),
  startedAt: z.string(),
  reportedAt: z.string(),
  sequence: z.int().nullable(),
  serving: z.int().nullable(),
  servingSince: z.string().nullable(),
  canary: z.int().nullable(),
  canarySince: z.string().nullable(),
  rejections: z.array(
    z.object({
      sequence: z.int().nullable(),
      launch: z.int().nullable(),
      reasons: z.array(z.string()),
      at: z.string(),
    }),
  ),
});

type Router = z.output<typeof routerSchema>;

const schema = z.object({
  variant: z.object({ release: releaseSchema.nullable(), routers: z.array(routerSchema) }).nullable(),
});

export const graphStatus = defineVerb(
  {
    name: 'graph status',
    summary: 'Shows which router serves what, since when, and which releases it rejected and why.',
    positionals: { name: '[GRAPH@VARIANT]', max: 1, description: 'The variant, instead of --graph.' },
    examples: ['tributary graph status shop@production'],
    options: REGISTRY_OPTIONS,
  },
  async ({ values, positionals: [graph = values.graph] }): Promise<Outcome> => {
    const { client, ref } = await openRegistry({ ...values, graph });
    const { release, routers } = existing((await client.request(STATUS, { ref }, schema)).variant, ref);
    const state = release === null ? 'nothing is served yet' : releaseText(release);
    const lines = [`${ref}: ${state}`, '', ...routerLines(routers)];
    return {
      kind: 'success',
      plain: `${lines.join('\n')}\n`,
      data: { release: release === null ? null : releaseData(release), routers },
    };
  },
);

function routerLines(routers: readonly Router[]): readonly string[] {
  if (routers.length === 0) return ['no router has reported within the last ten minutes'];
  const header = ['ROUTER', 'RELEASE', 'SERVES', 'SINCE', 'CANARY', 'REPORTED', 'VERSION'];
  const rows = routers.map((router) => [
    router.instance,
    String(router.sequence ?? '-'),
    router.serving === null ? 'nothing' : `launch ${router.serving}`,
    router.servingSince === null ? '' : shownTime(router.servingSince),
    router.canary === null ? '' : `launch ${router.canary}`,
    shownTime(router.reportedAt),
    router.routerVersion,
  ]);
  return [...columns([header, ...rows]), ...routers.flatMap(rejectionLines)];
}

function rejectionLines({ instance, rejections }: Router): readonly string[] {
  return rejections.map(({ sequence, launch, reasons, at }) => {
    const release = sequence === null ? 'a release' : `release ${sequence}`;
    const of = launch === null ? '' : ` (launch ${launch})`;
    return `${instance} rejected ${release}${of} at ${shownTime(at)}: ${reasons.join('; ')}`;
  });
}
