import { z } from 'zod';
import { HEADER_NAME } from '../shared/http/header-syntax.ts';
import { parseOciReference } from '../shared/oci-reference.ts';
import { publicKeyPem, registrySource } from './registry/registry-schema.ts';
import { RELOADABLE, count, httpUrl, ms } from './values.ts';
import { SECRET } from './yaml/secret.ts';

const FILE = "Composition file in rover's format, or a supergraph SDL (`.graphql`).";
const URL_TEXT = 'HTTP address of a supergraph SDL.';
const OCI =
  'Supergraph in an OCI registry, `oci://HOST/REPOSITORY:TAG` or `oci://HOST/REPOSITORY@sha256:DIGEST`.';

const REGISTRY = 'Registry that releases the supergraph of a graph and variant.';

const file = z.string().min(1);
const oci = z.string().refine((text) => parseOciReference(text) !== undefined, {
  message: 'must be oci://HOST/REPOSITORY:TAG or oci://HOST/REPOSITORY@sha256:DIGEST',
});
const headerValue = z
  .string()
  .regex(/^[\t\x20-\x7e]*$/, 'must be printable ASCII')
  .meta(SECRET);

const PLACES = ['file', 'url', 'oci', 'registry'] as const;

/**
 * Maps each setting that only one kind of source supports to the key of that kind. For example, `sha256`
 * requires `url`.
 */
const REQUIRED_PLACE = {
  headers: 'url',
  sha256: 'url',
  publicKey: 'url',
  signatureUrl: 'url',
  username: 'oci',
  password: 'oci',
  token: 'oci',
  plainHttp: 'oci',
} as const;

/** Schema of one source of the supergraph (file, URL, OCI registry or schema registry) with its settings. */
export const supergraphSource = z
  .strictObject({
    file: file.optional().describe(FILE),
    url: httpUrl.optional().describe(`${URL_TEXT} It is requested with the ETag of the last response.`),
    oci: oci.optional().describe(`${OCI} A tag is followed when it moves.`),
    registry: registrySource.optional().describe(`${REGISTRY} Its changes are followed by long polling.`),
    headers: z
      .record(z.string().regex(HEADER_NAME, 'is not a valid header name'), headerValue)
      .optional()
      .describe('Headers of the requests to `url`, such as `authorization: Bearer ${file.secrets/token}`.'),
    sha256: z
      .string()
      .regex(/^[\da-f]{64}$/, 'must be 64 hexadecimal digits in lower case')
      .optional()
      .describe('SHA-256 that the content of `url` must have. It is not polled after it was loaded.'),
    publicKey: publicKeyPem
      .optional()
      .describe(
        'Ed25519 public key in PEM, such as `${file.supergraph.pub}`. The content of `url` must have a valid signature by it.',
      ),
    signatureUrl: httpUrl
      .optional()
      .describe(
        'Address of that signature, 64 bytes or their Base64. Default: `url` with the suffix `.sig`.',
      ),
    username: z.string().min(1).optional().describe('User of the registry.'),
    password: z.string().min(1).optional().describe('Password of that user.').meta(SECRET),
    token: z
      .string()
      .min(1)
      .optional()
      .describe('Bearer token for the registry, instead of a user.')
      .meta(SECRET),
    plainHttp: z
      .boolean()
      .optional()
      .describe('Call the registry over HTTP instead of HTTPS. Default: only on a loopback address.'),
    timeoutMs: ms
      .default(4_000)
      .describe(
        'Timeout of loading the supergraph from `url`, `oci` or `registry`, all its requests together.',
      ),
    maxBytes: count
      .default(20_971_520)
      .describe('Maximum size of the supergraph from `url`, `oci` or `registry`.'),
  })
  .superRefine((value, context) => {
    const places = PLACES.filter((place) => value[place] !== undefined);
    if (places.length !== 1)
      context.addIssue({ code: 'custom', message: 'needs exactly one of file, url, oci, registry' });
    for (const [setting, place] of Object.entries(REQUIRED_PLACE))
      if (Object.hasOwn(value, setting) && value[place] === undefined)
        context.addIssue({ code: 'custom', path: [setting], message: `requires \`${place}\`` });
    if ((value.username === undefined) !== (value.password === undefined))
      context.addIssue({ code: 'custom', message: '`username` and `password` must be set together' });
    if (value.signatureUrl !== undefined && value.publicKey === undefined)
      context.addIssue({ code: 'custom', path: ['signatureUrl'], message: 'requires `publicKey`' });
  });

export const supergraph = z
  .strictObject({
    file: file
      .optional()
      .describe(
        `${FILE} Default: \`supergraph.yaml\`, unless another source is set. \`SUPERGRAPH\` overrides it.`,
      ),
    url: httpUrl.optional().describe(`${URL_TEXT} \`SUPERGRAPH\` overrides it.`),
    oci: oci.optional().describe(`${OCI} \`SUPERGRAPH\` overrides it.`),
    registry: registrySource
      .optional()
      .describe(
        `${REGISTRY} \`SUPERGRAPH=GRAPH@VARIANT\` with \`TRIBUTARY_REGISTRY\` and \`TRIBUTARY_KEY\` overrides it.`,
      ),
    sources: z
      .array(supergraphSource)
      .min(1)
      .optional()
      .describe(
        'Sources with settings, in order of preference, instead of `file`, `url`, `oci` and `registry`. A router starts with the first one that delivers a valid supergraph, and follows this one and those before it.',
      ),
    keepIn: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Directory in which the active supergraph is stored. A router starts with the stored one when no source delivers a supergraph within 2 s. Default: none; with `registry` a folder of the system or `.tributary` beside `router.yaml`.',
      ),
    keepPreviousMs: z
      .int()
      .min(0)
      .max(86_400_000)
      .default(600_000)
      .describe(
        'Time for which the supergraph that a release of `registry` replaced stays in memory, so that a rollback takes effect at once; 0 frees it at once.',
      ),
    watch: z
      .boolean()
      .default(true)
      .describe(
        'Follow the supergraph: watch files, poll `url`, `oci` and running subgraphs, wait for releases of `registry`.',
      ),
    pollIntervalMs: ms
      .default(10_000)
      .describe(
        'Mean interval between requests to `url`, `oci` and subgraphs with `subgraph_url`. Each interval differs from it by up to 10 percent.',
      ),
    introspection: z
      .boolean()
      .optional()
      .describe('Allow introspection queries. Default: true in development, false in production.')
      .meta(RELOADABLE),
    warmOperations: z
      .int()
      .min(0)
      .default(100)
      .describe(
        'Number of the most used operations that are planned for a new supergraph before it is activated.',
      )
      .meta(RELOADABLE),
  })
  .superRefine((value, context) => {
    const given = [...PLACES, 'sources' as const].filter((key) => value[key] !== undefined);
    if (given.length > 1)
      context.addIssue({
        code: 'custom',
        message: `only one of file, url, oci, registry and sources is allowed; list several as \`sources\` (found ${given.join(', ')})`,
      });
  })
  .prefault({});

const tags = z.array(z.string().min(1)).default([]);

/**
 * Settings that a graph with `contract` must not have in the configuration: they come from the registry,
 * together with the published contract.
 */
const PUBLISHED = ['include', 'exclude'] as const;

const graph = z
  .strictObject({
    path: z
      .string()
      .regex(/^\/[\w./~-]+$/, 'must be a path such as /public')
      .optional()
      .describe('Path of this graph.'),
    include: tags.describe(
      'Tags (`@tag`) of the fields and unions that the graph has. A tag of a type counts for its fields. Empty: all.',
    ),
    exclude: tags.describe('Tags of the elements that the graph hides. They take precedence over `include`.'),
    hideUnreachable: z.boolean().default(true).describe('Hide the types that no field of the graph reaches.'),
    contract: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Contract of `supergraph.registry` that determines the tags, instead of `include`, `exclude` and `hideUnreachable`. The graph follows its changes.',
      ),
    when: z
      .strictObject({
        header: z
          .string()
          .regex(HEADER_NAME, 'is not a valid header name')
          .optional()
          .describe('Request header. Any client can send it.'),
        claim: z
          .string()
          .min(1)
          .optional()
          .describe('Claim of the token: a name, or a path such as `partner.level`.'),
        value: z
          .string()
          .default('true')
          .describe('Value of the header or claim. A claim may also be a list with it.'),
      })
      .refine(({ header, claim }) => (header === undefined) !== (claim === undefined), {
        message: 'requires exactly one of `header` and `claim`',
      })
      .optional()
      .describe(
        'Requests that use this graph. With `path`, other requests to it are rejected with 404. Without `path`, requests to `listen.path`; the first graph whose condition holds counts.',
      ),
  })
  .refine(({ path, when }) => (path ?? when) !== undefined, { message: 'requires `path` or `when`' })
  .superRefine((value, context) => {
    if (value.contract === undefined) return;
    for (const key of PUBLISHED.filter((key) => value[key].length > 0))
      context.addIssue({ code: 'custom', path: [key], message: 'is not allowed beside `contract`' });
  });

/**
 * Name, in logs and metrics, of the graph at `listen.path`. Other graphs have the names given in the
 * configuration.
 */
export const WHOLE_GRAPH = 'all';

export const graphs = z
  .record(
    z.string().regex(/^[a-z][\w-]*$/i, 'must be letters, digits, _ and -, and begin with a letter'),
    graph,
  )
  .default({})
  .superRefine((value, context) => {
    if (Object.hasOwn(value, WHOLE_GRAPH))
      context.addIssue({
        code: 'custom',
        path: [WHOLE_GRAPH],
        message: 'is the name of the graph at `listen.path`',
      });
    const paths = Object.entries(value).flatMap(([name, { path }]) =>
      path === undefined ? [] : [{ name, path }],
    );
    for (const { name, path } of paths.filter((one) => paths.find(({ path }) => path === one.path) !== one))
      context.addIssue({
        code: 'custom',
        path: [name, 'path'],
        message: `another graph has the path ${path}`,
      });
  })
  .describe(
    'Parts of the supergraph that are served as graphs of their own, by name. The whole graph stays at `listen.path`.',
  );

export const planning = z
  .strictObject({
    timeoutMs: ms.default(5_000).describe('Timeout for planning an operation.'),
    maxWaitingPerCaller: count
      .default(200)
      .describe(
        'Maximum number of new operations of one user or anonymous address that wait to be planned. Callers take turns.',
      ),
    cacheEntries: count.default(2_000).describe('Maximum number of planned operations in the cache.'),
    cacheBytes: count
      .optional()
      .describe(
        'Maximum estimated memory for planned operations. One eighth of it is for operations requested once. Default: a quarter of the heap.',
      ),
  })
  .prefault({});
