import { createServer } from 'node:http';
import { Pool } from 'undici';

/*
 * The order page with minimal overhead: one pool for each subgraph, constant documents, no framework, no
 * checks. `SUBGRAPHS={"order":URL,…} PORT=N node aggregator-lean-program.ts`
 */

type Json = Record<string, never>;
type Item = { product: { id: string } & Json };
type Order = { id: string; customer: { id: string } & Json; items: Item[]; shipment?: Json };
type Data = { order?: Order; user?: Json; entities?: readonly Json[] };

const ORDER =
  'query($id:ID!){order(id:$id){id number status placedAt totalAmount{amount currency} customer{id} items{quantity unitPrice{amount currency} product{id}}}}';
const USER = 'query($id:ID!){user(id:$id){id name email addresses{label line1 city postalCode country}}}';
const PRODUCTS =
  'query($r:[_Any!]!){entities:_entities(representations:$r){...on Product{id sku name description imageUrl(size:THUMB) price{amount currency}}}}';
const STOCK =
  'query($r:[_Any!]!){entities:_entities(representations:$r){...on Product{stock{available warehouses{name available}}}}}';
const SHIPMENT =
  'query($r:[_Any!]!){entities:_entities(representations:$r){...on Order{shipment{trackingNumber carrier status estimatedDelivery events{occurredAt status location description}}}}}';

const send = Object.fromEntries(
  Object.entries(JSON.parse(process.env['SUBGRAPHS'] ?? '{}')).map(([name, url]) => [
    name,
    createSender(String(url)),
  ]),
);

function createSender(url: string) {
  const { origin, pathname } = new URL(url);
  const pool = new Pool(origin, { connections: 512 });
  const headers = { 'content-type': 'application/json' };
  return async (query: string, variables: unknown): Promise<Data> => {
    const body = JSON.stringify({ query, variables });
    const response = await pool.request({ path: pathname, method: 'POST', headers, body });
    return ((await response.body.json()) as { data: Data }).data;
  };
}

async function orderPage(id: string): Promise<string> {
  const order = (await send['order']?.(ORDER, { id }))?.order;
  if (order === undefined) return '{"data":{"order":null}}';
  const representations = order.items.map(({ product: { id } }) => ({ __typename: 'Product', id }));
  const [users, products, stocks, shipments] = await Promise.all([
    send['user']?.(USER, { id: order.customer.id }),
    send['product']?.(PRODUCTS, { r: representations }),
    send['inventory']?.(STOCK, { r: representations }),
    send['shipping']?.(SHIPMENT, { r: [{ __typename: 'Order', id: order.id }] }),
  ]);
  order.items.forEach((item, index) => {
    item.product = Object.assign(item.product, products?.entities?.[index], stocks?.entities?.[index]);
  });
  Object.assign(order.customer, users?.user);
  Object.assign(order, shipments?.entities?.[0]);
  return JSON.stringify({ data: { order } });
}

const server = createServer((request, response) => {
  const id = request.url?.split('/')[2];
  if (id === undefined) response.end('{}');
  else
    void orderPage(id).then((body) => {
      response.writeHead(200, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
      });
      response.end(body);
    });
});
server.listen(Number(process.env['PORT']), '127.0.0.1');
