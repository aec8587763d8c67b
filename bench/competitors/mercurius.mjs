/*
 * Mercurius as a gateway. It speaks Federation 1, so it is given each subgraph's schema in that dialect.
 * `SERVICES=[{"name":…,"url":…,"schema":SDL},…] PORT=N node mercurius.mjs`
 */
import gateway from '@mercuriusjs/gateway';
import Fastify from 'fastify';

const services = JSON.parse(process.env.SERVICES);
const app = Fastify();
app.register(gateway, {
  gateway: { services: services.map((service) => ({ ...service, mandatory: true, connections: 512 })) },
  jit: 1,
});
await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) });
