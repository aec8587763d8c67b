import { fetchConnection } from '../../database/connection.ts';
import type { PageArguments } from '../../database/connection.ts';
import { RegistryError } from '../errors.ts';
import { assertRole } from '../keys/api-keys.ts';
import { findVariant, parseRef } from '../store/variants.ts';
import type { Resolvers } from './graphql-handler.ts';

/** Resolvers of the root fields of queries. */
export const queryResolvers: Resolvers = {
  Query: {
    async graphs(_, __, { services, principal }) {
      assertRole(principal, 'READ', principal.graph);
      const query = services.db.selectFrom('graphs').selectAll().orderBy('name');
      const { graph } = principal;
      return (graph === null ? query : query.where('name', '=', graph)).execute();
    },
    async variant(_, { ref }: { ref: string }, { services, principal }) {
      const parsed = parseRef(ref);
      assertRole(principal, 'READ', parsed.graph);
      return (await findVariant(services.db, parsed)) ?? null;
    },
    async check(_, { id }: { id: string }, { services, principal }) {
      const check = await services.db
        .selectFrom('checks')
        .innerJoin('variants', 'variants.id', 'checks.variant_id')
        .selectAll('checks')
        .select('variants.graph')
        .where('checks.id', '=', id)
        .executeTakeFirst();
      if (check === undefined) return null;
      assertRole(principal, 'READ', check.graph);
      return check;
    },
    async keys(_, { graph }: { graph?: string | null }, { services, principal }) {
      assertRole(principal, 'ADMIN', graph ?? null);
      const query = services.db.selectFrom('api_keys').selectAll().orderBy('created_at').orderBy('id');
      return (graph == null ? query.where('graph', 'is', null) : query.where('graph', '=', graph)).execute();
    },
    async audit(_, { graph, ...page }: { graph: string } & PageArguments, { services, principal }) {
      assertRole(principal, 'ADMIN', graph);
      if (!/^[\w-]{1,64}$/.test(graph)) throw new RegistryError('BAD_USER_INPUT', 'not a name of a graph');
      const query = services.db
        .selectFrom('audit')
        .leftJoin('api_keys', 'api_keys.id', 'audit.key_id')
        .selectAll('audit')
        .select('api_keys.name as key_name')
        .where('audit.graph', '=', graph);
      return fetchConnection(
        query,
        {
          name: 'audit',
          columns: ['audit.id'],
          direction: 'desc',
          keysetOf: ({ id }) => [String(id)],
        },
        page,
      );
    },
  },
};
