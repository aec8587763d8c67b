import { RegistryError } from '../errors.ts';
import { checkSubgraph } from '../checks/check-subgraph.ts';
import { assertRole, createApiKey, revokeApiKey } from '../keys/api-keys.ts';
import { publishChange } from '../publish/publish-change.ts';
import { assertShort } from '../publish/variant-change.ts';
import type { ContractChange, ContractTags, SubgraphChange } from '../publish/variant-change.ts';
import { performRolloutAction } from '../releases/rollout-actions.ts';
import { recordAudit } from '../store/audit.ts';
import type { Role } from '../store/tables.ts';
import { parseRef, requireVariant } from '../store/variants.ts';
import { pushManifest } from '../usage/manifest.ts';
import { changedSettings } from '../variant-settings.ts';
import type { ApiContext, Resolvers } from './graphql-handler.ts';

type PublishInput = {
  readonly name: string;
  readonly sdl: string;
  readonly routingUrl?: string | null;
  readonly author?: string | null;
  readonly commit?: string | null;
  readonly allowBreaking?: boolean | null;
};

type DeleteArguments = {
  readonly ref: string;
  readonly name: string;
  readonly dryRun?: boolean | null;
  readonly allowBreaking?: boolean | null;
};

type CheckInput = {
  readonly name: string;
  readonly sdl: string;
  readonly routingUrl?: string | null;
  readonly sinceDays?: number | null;
  readonly settings?: Readonly<Record<string, unknown>> | null;
};

type ContractInput = ContractTags & { readonly name: string; readonly allowBreaking: boolean };

type LaunchArguments = {
  readonly ref: string;
  readonly launch?: number | null;
  readonly reason?: string | null;
};

type NewKeyArguments = {
  readonly graph?: string | null;
  readonly role: Role;
  readonly name: string;
  readonly expiresInDays?: number | null;
};

const DAY_MS = 86_400_000;

/** Resolvers of the root fields of mutations. */
export const mutationResolvers: Resolvers = {
  Mutation: {
    publishSubgraph: (_, { ref, input }: { ref: string; input: PublishInput }, { services, principal }) =>
      publishChange(services, principal, {
        ref: parseRef(ref),
        change: {
          subgraphs: [changeOf(input)],
          contracts: [],
          allowBreaking: input.allowBreaking ?? false,
        },
      }),
    publishSubgraphs: (
      _,
      args: { ref: string; inputs: readonly PublishInput[]; allowBreaking?: boolean | null },
      { services, principal },
    ) =>
      publishChange(services, principal, {
        ref: parseRef(args.ref),
        change: {
          subgraphs: args.inputs.map(changeOf),
          contracts: [],
          allowBreaking: args.allowBreaking ?? false,
        },
      }),
    deleteSubgraph: (_, args: DeleteArguments, { services, principal }) =>
      publishChange(services, principal, {
        ref: parseRef(args.ref),
        change: {
          subgraphs: [{ name: args.name, sdl: null, routingUrl: undefined, author: null, commit: null }],
          contracts: [],
          allowBreaking: args.allowBreaking ?? false,
        },
        dryRun: args.dryRun ?? false,
      }),
    checkSubgraph(_, { ref, input }: { ref: string; input: CheckInput }, { services, principal }) {
      const { name, sdl, routingUrl, sinceDays, settings } = input;
      return checkSubgraph(services, principal, {
        ref: parseRef(ref),
        name,
        sdl,
        routingUrl: routingUrl ?? undefined,
        settings: { ...settings, ...(sinceDays != null && { sinceDays }) },
      });
    },
    publishContract: (_, { ref, input }: { ref: string; input: ContractInput }, context) => {
      const { name, include, exclude, hideUnreachable, allowBreaking } = input;
      return changeContract(
        context,
        ref,
        { name, tags: { include, exclude, hideUnreachable } },
        allowBreaking,
      );
    },
    deleteContract: (_, { ref, name }: { ref: string; name: string }, context) =>
      changeContract(context, ref, { name, tags: null }, true),
    promote: (_, { ref, launch }: LaunchArguments, { services, principal }) =>
      performRolloutAction(services, principal, {
        ref: parseRef(ref),
        action: { kind: 'promote', launch: launch ?? undefined },
      }),
    pause: (_, { ref }: LaunchArguments, { services, principal }) =>
      performRolloutAction(services, principal, { ref: parseRef(ref), action: { kind: 'pause' } }),
    resume: (_, { ref }: LaunchArguments, { services, principal }) =>
      performRolloutAction(services, principal, { ref: parseRef(ref), action: { kind: 'resume' } }),
    rollback: (_, { ref, launch, reason }: LaunchArguments, { services, principal }) => {
      assertShort('reason', reason);
      return performRolloutAction(services, principal, {
        ref: parseRef(ref),
        action: { kind: 'rollback', launch: launch ?? undefined, reason: reason ?? undefined },
      });
    },
    async pushOperations(
      _,
      { ref, manifest, client }: { ref: string; manifest: unknown; client?: string | null },
      { services: { db, now }, principal },
    ) {
      const parsed = parseRef(ref);
      assertRole(principal, 'PUBLISH', parsed.graph);
      const variant = await requireVariant(db, parsed);
      return db.transaction().execute(async (transaction) => {
        const owner = { variantId: variant.id, client: client ?? null, now: now() };
        const operations = await pushManifest(transaction, manifest, owner);
        const details = { client: owner.client, operations };
        const event = { action: 'pushOperations', ...parsed, keyId: principal.id, details };
        await recordAudit(transaction, event, now());
        return operations;
      });
    },
    async createKey(_, args: NewKeyArguments, { services, principal }) {
      const { db, now, signer } = services;
      const graph = args.graph ?? null;
      assertRole(principal, 'ADMIN', graph);
      if (!/^[^\p{C}]{1,100}$/u.test(args.name))
        throw new RegistryError(
          'BAD_USER_INPUT',
          'the name of a key must have 1 to 100 printable characters',
        );
      return db.transaction().execute(async (transaction) => {
        const { key, text } = await createApiKey(
          transaction,
          { graph, role: args.role, name: args.name, expiresAt: expiryOf(args.expiresInDays, now()) },
          { now: now(), thumbprint: signer().kid },
        );
        const details = { id: key.id, role: key.role, name: key.name, expiresAt: key.expires_at };
        await recordAudit(transaction, { action: 'createKey', graph, keyId: principal.id, details }, now());
        return { key, secret: text };
      });
    },
    async revokeKey(_, { graph, id }: { graph?: string | null; id: string }, { services, principal }) {
      const { db, now } = services;
      assertRole(principal, 'ADMIN', graph ?? null);
      return db.transaction().execute(async (transaction) => {
        const key = await revokeApiKey(transaction, { graph: graph ?? null, id }, now());
        const event = { action: 'revokeKey', graph: graph ?? null, keyId: principal.id, details: { id } };
        await recordAudit(transaction, event, now());
        return key;
      });
    },
    async configureVariant(
      _,
      { ref, settings }: { ref: string; settings: Readonly<Record<string, unknown>> },
      { services, principal },
    ) {
      const parsed = parseRef(ref);
      assertRole(principal, 'ADMIN', parsed.graph);
      const { id } = await requireVariant(services.db, parsed);
      return services.withVariantLock(id, (db) =>
        db.transaction().execute(async (transaction) => {
          const variant = await requireVariant(transaction, parsed);
          const changed = JSON.stringify(changedSettings(variant, settings));
          await transaction.updateTable('variants').set({ settings: changed }).where('id', '=', id).execute();
          await recordAudit(
            transaction,
            {
              action: 'configureVariant',
              graph: parsed.graph,
              variant: parsed.variant,
              keyId: principal.id,
              details: { ...settings },
            },
            services.now(),
          );
          return requireVariant(transaction, parsed);
        }),
      );
    },
  },
};

function changeContract(
  { services, principal }: ApiContext,
  ref: string,
  contract: ContractChange,
  allowBreaking: boolean,
) {
  const parsed = parseRef(ref);
  assertRole(principal, 'ADMIN', parsed.graph);
  return publishChange(services, principal, {
    ref: parsed,
    change: { subgraphs: [], contracts: [contract], allowBreaking },
  });
}

function changeOf({ name, sdl, routingUrl, author, commit }: PublishInput): SubgraphChange {
  return { name, sdl, routingUrl: routingUrl ?? undefined, author: author ?? null, commit: commit ?? null };
}

function expiryOf(days: number | null | undefined, now: number): Date | null {
  if (days == null) return null;
  if (days >= 1 && days <= 3_650) return new Date(now + days * DAY_MS);
  throw new RegistryError('BAD_USER_INPUT', `"expiresInDays" must be 1 to 3650, not ${days}`);
}
