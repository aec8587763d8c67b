import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { execute, parse } from 'graphql';
import { reviewGraph } from './review-graph.ts';

// The other side of bench/micro/merged-fetches.ts, in a process of its own: the subgraphs by path, which answer a body they have seen before from memory.

const { schemas } = reviewGraph();
const answers = new Map<string, Promise<string>>();

async function answer(name: string, body: string): Promise<string> {
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
      const known = answers.get(key) ?? answer(name, body);
      answers.set(key, known);
      return known;
    })
    .then((json) => response.setHeader('content-type', 'application/json').end(json));
});
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.send?.(`http://127.0.0.1:${port}`);
});
