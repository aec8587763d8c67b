import { demoProducts } from '../../subgraphs/shop/demo/catalog.ts';
import { logIn } from './running-shop.ts';
import type { RunningShop } from './running-shop.ts';
import { startTraffic } from './traffic.ts';
import type { ClientRequest } from './traffic.ts';

const ORDER_PAGE = `query OrderPage { orders(first: 3) { edges { node {
  number status totalAmount { amount currency } customer { name }
  items { quantity product { name price { amount } stock { available } } } shipment { carrier status }
} } } }`;
const PRODUCT_PAGE = `query ProductPage($id: ID!) { product(id: $id) {
  id name price { amount currency } category { name } stock { available }
  shippingEstimate(postalCode: "10115") { price { amount } carrier minDays }
} }`;
const SEARCH = `query Search($after: String) { products(first: 10, after: $after) { edges { node { id name price { amount } } } } }`;

/** The customers whose points suffice for the traffic. */
const CUSTOMERS = ['enzo@shop.example', 'ada@shop.example'];

/** Starts the traffic of a normal day, to which an incident can be compared. */
export async function startShopTraffic(shop: RunningShop): Promise<AsyncDisposable> {
  const tokens = await Promise.all(CUSTOMERS.map((email) => logIn(shop, email)));
  return startTraffic({
    url: shop.url,
    client: { name: 'shop-web', version: '4.2.0' },
    burst: 6,
    everyMs: 250,
    next: (index) => ({ ...pageOf(index), token: tokens[index % tokens.length] ?? '' }),
  });
}

function pageOf(index: number): ClientRequest {
  if (index % 10 === 0) return { operationName: 'OrderPage', query: ORDER_PAGE };
  if (index % 10 === 5) return { operationName: 'Search', query: SEARCH };
  const id = demoProducts[index % demoProducts.length]?.id;
  return { operationName: 'ProductPage', query: PRODUCT_PAGE, variables: { id } };
}
