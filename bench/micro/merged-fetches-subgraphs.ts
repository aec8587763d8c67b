import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { execute, parse } from 'graphql';
import { reviewGraph } from './review-graph.ts';

// The subgraphs of bench/micro/merged-fetches.ts in a process of their own, by path. Responses to known
// bodies are cached.

const { schemas } = reviewGraph();
const responses = new Map<string, Promise<string>>();

async function respond(name: string, body: string): Promise<string> {
  const schema = schemas.get(name);
  if (schema === undefined) throw new Error(`no subgraph ${name}`);
  const { query, variables } = JSON.parse(body);
  return JSON.stringify(await execute({ schema, document: parse(query), variableValues: variables }));
}

const server = createServer((request, response) => {
  const name = request.url?.slice(1) ?? '';
  void text(request)
    .then((body) => {
      const key = name + body;
      const known = responses.get(key) ?? respond(name, body);
      responses.set(key, known);
      return known;
    })
    .then((json) => response.setHeader('content-type', 'application/json').end(json));
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.send?.(`http://127.0.0.1:${port}`);
});
