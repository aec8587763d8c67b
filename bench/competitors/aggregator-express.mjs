/*
 * The hand-written order page of a team without a federation router.
 * `SUBGRAPHS={"order":URL,…} PORT=N node aggregator-express.mjs`
 */
import express from 'express';

const subgraphs = JSON.parse(process.env.SUBGRAPHS);

async function query(subgraph, document, variables) {
  const response = await fetch(subgraphs[subgraph], {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: JSON.stringify({ query: document, variables }),
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok) throw new Error(`${subgraph} responded with status ${response.status}`);
  const { data, errors } = await response.json();
  if (errors) throw new Error(`${subgraph}: ${errors[0].message}`);
  return data;
}

async function entities(subgraph, selection, representations) {
  const data = await query(
    subgraph,
    `query ($representations: [_Any!]!) { entities: _entities(representations: $representations) { ${selection} } }`,
    { representations },
  );
  return data.entities;
}

async function loadOrder(id) {
  const { order } = await query(
    'order',
    `query ($id: ID!) {
      order(id: $id) {
        id number status placedAt totalAmount { amount currency } customer { id }
        items { quantity unitPrice { amount currency } product { id } }
      }
    }`,
    { id },
  );
  return order;
}

async function loadCustomer({ id }) {
  const { user } = await query(
    'user',
    'query ($id: ID!) { user(id: $id) { id name email addresses { label line1 city postalCode country } } }',
    { id },
  );
  return user;
}

async function loadProducts(items) {
  const representations = items.map(({ product }) => ({ __typename: 'Product', id: product.id }));
  const [products, stocks] = await Promise.all([
    entities(
      'product',
      '... on Product { id sku name description imageUrl(size: THUMB) price { amount currency } }',
      representations,
    ),
    entities(
      'inventory',
      '... on Product { stock { available warehouses { name available } } }',
      representations,
    ),
  ]);
  return products.map((product, index) => ({ ...product, ...stocks[index] }));
}

async function loadShipment({ id }) {
  const [{ shipment }] = await entities(
    'shipping',
    '... on Order { shipment { trackingNumber carrier status estimatedDelivery events { occurredAt status location description } } }',
    [{ __typename: 'Order', id }],
  );
  return shipment;
}

const app = express();

app.get('/health', (_request, response) => {
  response.json({ status: 'UP' });
});

app.get('/order-page/:id', async (request, response) => {
  const order = await loadOrder(request.params.id);
  if (!order) {
    response.status(404).json({ error: 'no such order' });
    return;
  }
  const [customer, products, shipment] = await Promise.all([
    loadCustomer(order.customer),
    loadProducts(order.items),
    loadShipment(order),
  ]);
  const items = order.items.map((item, index) => ({ ...item, product: products[index] }));
  response.json({ data: { order: { ...order, customer, items, shipment } } });
});

app.listen(Number(process.env.PORT), '127.0.0.1');
