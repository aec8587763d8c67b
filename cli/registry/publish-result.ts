import { z } from 'zod';
import type { AnnotatedSchema } from '../checks/report-annotations.ts';
import { nameOf } from '../checks/render-operations.ts';
import { counted, listed } from '../checks/report-words.ts';
import { columns } from './columns.ts';
import type { Outcome } from '../outcome.ts';
import { CHECK_FIELDS, checkOutcome, checkSchema } from './check-result.ts';

const FINDING_FIELDS = 'code message subgraph coordinate line column';

/** The fields of the result of a publish, and of a deletion, that commands select. */
export const PUBLISH_FIELDS = `
  created
  updated
  launch { number status supergraphSha256 errors { ${FINDING_FIELDS} } }
  check { ${CHECK_FIELDS} }
  errors { ${FINDING_FIELDS} }
`;

/** An error or hint of composition, as the API reports it. */
export const findingSchema = z.object({
  code: z.string(),
  message: z.string(),
  subgraph: z.string().nullable(),
  coordinate: z.string().nullable(),
  line: z.int().nullable(),
  column: z.int().nullable(),
});

type Finding = z.output<typeof findingSchema>;

/** The result of a publish, and of a deletion. */
export const publishSchema = z.object({
  created: z.boolean(),
  updated: z.boolean(),
  launch: z
    .object({
      number: z.int(),
      status: z.string(),
      supergraphSha256: z.string().nullable(),
      errors: z.array(findingSchema),
    })
    .nullable(),
  check: checkSchema.nullable(),
  errors: z.array(findingSchema),
});

/** The result of a publish, as the API reports it. */
export type PublishResult = z.output<typeof publishSchema>;

/** The published or deleted element, for texts. */
export type PublishSubject = {
  /** Such as `subgraph products`. */
  readonly subject: string;
  readonly ref: string;
  /** Past participle for texts: `published`. */
  readonly action: string;
  /** Whether the registry only tried. */
  readonly dryRun?: boolean;
  /** The published schemas, for annotations. */
  readonly schemas: readonly AnnotatedSchema[];
  /** Advice below the report of a change that was rejected. */
  readonly next: readonly string[];
};

/** Returns the outcome of a publish or a deletion. */
export async function publishOutcome(result: PublishResult, subject: PublishSubject): Promise<Outcome> {
  const { launch, errors } = result;
  if (errors.some(({ code }) => code.startsWith('CHECK_'))) return rejectedByCheck(result, subject);
  const data = publishData(result);
  const composition = errors.length > 0 ? errors : (launch?.errors ?? []);
  if (composition.length > 0) return notComposed(composition, failureText(result, subject), subject, data);
  const plain = `${changeText(result, subject)}\n${stateText(result, subject)}`;
  const notes = acceptedBreaks(result);
  return { kind: 'success', plain, data, ...(notes.length > 0 && { notes }) };
}

/** Returns a note on operations that break although the change was published. */
function acceptedBreaks({ check, updated }: PublishResult): readonly string[] {
  const operations = check?.report?.operations ?? [];
  const breaking = operations.filter(({ verdict }) => verdict === 'breaks');
  if (!updated || breaking.length === 0) return [];
  const names = listed(breaking.map(nameOf));
  return [
    `it breaks ${counted(breaking.length, 'operation')}: ${names}; \`tributary launch rollback\` undoes it`,
  ];
}

function changeText(
  { created, updated }: PublishResult,
  { subject, action, dryRun }: PublishSubject,
): string {
  if (dryRun === true)
    return `${subject} can be ${action}: the rest composes, and no recorded operation breaks`;
  if (!updated) return `${subject} is unchanged`;
  return created ? `${subject} ${action}, new` : `${subject} ${action}`;
}

function stateText({ launch, updated }: PublishResult, { ref }: PublishSubject): string {
  if (!updated && launch?.status === 'ROLLED_BACK')
    return `launch ${launch.number} of ${ref}, the latest, was rolled back; \`tributary graph status\` shows what is served\n`;
  return launch === null ? '' : `launch ${launch.number} of ${ref}: ${statusText(launch.status)}\n`;
}

function publishData({ launch, check, created, updated }: PublishResult) {
  return {
    // The registry has no hash of the API schema: that of the supergraph is below.
    api_schema_hash: null,
    supergraph_was_updated: updated && launch !== null && launch.status !== 'FAILED',
    subgraph_was_created: created,
    subgraph_was_updated: updated,
    launch: launch?.number ?? null,
    launch_status: launch?.status ?? null,
    supergraph_sha256: launch?.supergraphSha256 ?? null,
    workflow_id: check?.id ?? null,
  };
}

async function rejectedByCheck(result: PublishResult, subject: PublishSubject): Promise<Outcome> {
  const { ref, action, schemas, next, subject: name } = subject;
  const data = publishData(result);
  const { check, errors } = result;
  const reasons = errors.map(({ message }) => message).join('; ');
  const failure = { kind: 'failure', code: errors[0]?.code ?? 'CHECK_FAILED', data } as const;
  if (check === null || check.report === null)
    return { ...failure, message: `${name} was not ${action}: ${reasons}` };
  const outcome = await checkOutcome(check, { title: `Check of ${name} in ${ref}`, schemas, next });
  const message = `${name} was not ${action}: the change breaks recorded operations of ${ref}`;
  return { ...outcome, ...failure, message, data: { ...outcome.data, ...data } };
}

function failureText(result: PublishResult, { subject, action, ref }: PublishSubject) {
  const { launch, updated } = result;
  if (launch === null) {
    const [code, reason] = rejectionOf(result, ref);
    return { code, text: `${subject} was not ${action}: ${reason}` };
  }
  const change = updated ? `was ${action}, but` : 'is unchanged, and';
  const text = `${subject} ${change} ${ref} does not compose; routers keep the previous supergraph`;
  return { code: 'COMPOSITION_FAILED', text };
}

/** Returns code and reason of a change of which nothing was stored. */
function rejectionOf({ errors }: PublishResult, ref: string): readonly [code: string, reason: string] {
  const code = errors[0]?.code;
  if (code === 'INVALID_GRAPHQL') return ['SCHEMA_INVALID', 'its schema is invalid'];
  if (code === 'CONTRACT_INVALID') return [code, `its tags leave no valid graph of ${ref}`];
  return ['COMPOSITION_FAILED', `${ref} does not compose`];
}

function notComposed(
  findings: readonly Finding[],
  { code: failure, text }: ReturnType<typeof failureText>,
  { schemas }: PublishSubject,
  data: Readonly<Record<string, unknown>>,
): Outcome {
  return {
    kind: 'failure',
    code: failure,
    message: text,
    plain: `${columns(findings.map((finding) => [finding.code, findingText(finding)])).join('\n')}\n`,
    details: {
      build_errors: findings.map(({ message, code }) => ({ message, code, type: 'composition' })),
    },
    data,
    annotations: findings.map(({ code, message, subgraph, line, column }) => ({
      level: 'error',
      title: code,
      message,
      file: fileOf(subgraph, schemas),
      line: line ?? undefined,
      column: column ?? undefined,
    })),
  };
}

/** A finding that names no subgraph is about the only schema, if there is one. */
function fileOf(subgraph: string | null, schemas: readonly AnnotatedSchema[]): string | undefined {
  if (subgraph === null) return schemas.length === 1 ? schemas[0]?.file : undefined;
  return schemas.find((schema) => schema.subgraph === subgraph)?.file;
}

/** Returns the place of a finding and its message. */
export function findingText({ subgraph, coordinate, line, column, message }: Finding): string {
  const place = line === null ? (coordinate ?? subgraph) : [subgraph, line, column].join(':');
  return place === null || message.includes(place) ? message : `${place}: ${message}`;
}

/** Returns the status of a launch as texts have it. */
export function statusText(status: string): string {
  return status.toLowerCase().replaceAll('_', ' ');
}
