import { z } from 'zod';
import { createRegistryClient } from '../../cli/registry/registry-client.ts';
import type { RegistryClient } from '../../cli/registry/registry-client.ts';
import { StartError } from '../start/start-error.ts';
import { readKey } from '../start/shop-registry.ts';
import type { ShopRegistry } from '../start/shop-registry.ts';
import type { Incident } from './incident.ts';

const TIMEOUT_MS = 30_000;
/** No service listens there. */
const WRONG_URL = 'http://127.0.0.1:9/graphql';

const PUBLISHED =
  'query ($ref: ID!, $name: String!) { variant(ref: $ref) { subgraph(name: $name) { sdl routingUrl } } }';
const publishedSchema = z.object({
  variant: z
    .object({ subgraph: z.object({ sdl: z.string(), routingUrl: z.string() }).nullable() })
    .nullable(),
});
const PUBLISH = `mutation ($ref: ID!, $inputs: [PublishInput!]!) {
  publishSubgraphs(ref: $ref, inputs: $inputs, allowBreaking: true) { launch { number } }
}`;
const launchSchema = z.object({
  publishSubgraphs: z.object({ launch: z.object({ number: z.int() }).nullable() }),
});

type Place = Pick<ShopRegistry, 'url' | 'graph' | 'adminKeyFile'>;

/** Returns the incident in which a team publishes a wrong address of its service. */
export function badPublish(service: string, { url, graph: ref, adminKeyFile }: Place): Incident {
  // The time limit of a client begins with its creation, and the incident may last for longer.
  const connect = (): RegistryClient =>
    createRegistryClient({ url, key: readKey(adminKeyFile), timeoutMs: TIMEOUT_MS });
  const publish = (input: { readonly sdl: string; readonly routingUrl: string }) =>
    connect().request(PUBLISH, { ref, inputs: [{ name: service, ...input }] }, launchSchema);
  return {
    name: 'bad-publish',
    summary: 'A team publishes its subgraph with a wrong address; the supergraph composes.',
    start: async () => {
      const { variant } = await connect().request(PUBLISHED, { ref, name: service }, publishedSchema);
      const before = variant?.subgraph ?? undefined;
      if (before === undefined) throw new StartError(`The registry has no subgraph ${service} in ${ref}.`);
      const { publishSubgraphs } = await publish({ ...before, routingUrl: WRONG_URL });
      return {
        cause: `launch ${publishSubgraphs.launch?.number} had a wrong address of ${service}: ${WRONG_URL}`,
        [Symbol.asyncDispose]: async () => void (await publish(before)),
      };
    },
  };
}
