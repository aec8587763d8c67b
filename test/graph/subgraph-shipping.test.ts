import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { demoOrders } from '../../subgraphs/shop/demo/orders.ts';
import { startShipping } from '../../subgraphs/shipping/server.ts';
import { databaseKinds, startTestSubgraph, type TestSubgraph } from '../support/subgraphs/shop-subgraph.ts';

const clerk = { id: 'user-6', roles: ['shipping'] };
const customer = { id: 'user-1', roles: ['customer'] };
const today = Date.UTC(2026, 10, 21, 12);

const shipmentFields =
  'id trackingNumber carrier status estimatedDelivery events { occurredAt status location description }';
const createMutation = `mutation ($input: CreateShipmentInput!) { createShipment(input: $input) { ${shipmentFields} } }`;
const addEventMutation = `mutation ($input: AddTrackingEventInput!) { addTrackingEvent(input: $input) { ${shipmentFields} } }`;
const shipmentQuery = `query ($trackingNumber: String!) { shipment(trackingNumber: $trackingNumber) { ${shipmentFields} } }`;
const ofOrdersQuery = `query ($representations: [_Any!]!) {
  orders: _entities(representations: $representations) { ... on Order { id shipment { ${shipmentFields} } } }
}`;
const estimateQuery = `query ($representations: [_Any!]!, $postalCode: String!) {
  products: _entities(representations: $representations) {
    ... on Product { shippingEstimate(postalCode: $postalCode) { price { amount currency } carrier minDays maxDays } }
  }
}`;

describe.each(databaseKinds)('the shipping subgraph on %s', (database) => {
  let shipping: TestSubgraph;
  beforeAll(async () => {
    shipping = await startTestSubgraph('shipping', startShipping, { database, now: () => today });
  });
  afterAll(() => shipping[Symbol.asyncDispose]());
  beforeEach(() => {
    shipping.statements.length = 0;
  });

  const create = (orderId: string, more = {}) =>
    shipping.call(createMutation, {
      variables: { input: { orderId, carrier: 'COURIER', ...more } },
      as: clerk,
    });
  const created = async (orderId: string) => {
    const { data, errors } = await create(orderId);
    expect(errors).toEqual([]);
    return (data as { createShipment: Shipment }).createShipment;
  };
  const report = (trackingNumber: string, status: string, minutesLater: number, more = {}) =>
    shipping.call(addEventMutation, {
      variables: {
        input: {
          trackingNumber,
          status,
          occurredAt: minutesAfter(minutesLater),
          description: status,
          ...more,
        },
      },
      as: clerk,
    });
  const shipmentsOf = async (orderIds: readonly string[]) => {
    const representations = orderIds.map((id) => ({ __typename: 'Order', id }));
    const { data } = await shipping.call(ofOrdersQuery, { variables: { representations } });
    return (data as { orders: { shipment: Shipment | null }[] }).orders.map(({ shipment }) => shipment);
  };
  const estimate = (product: object, postalCode: string) =>
    shipping.call(estimateQuery, {
      variables: { representations: [{ __typename: 'Product', id: 'product-1', ...product }], postalCode },
    });

  test('announces a parcel, and shows it to everyone who has its tracking number', async () => {
    const { data } = await create('order-new', { estimatedDelivery: '2026-11-24T10:00:00+02:00' });
    const { createShipment: shipment } = data as { createShipment: Shipment };
    expect(shipment).toEqual({
      id: expect.any(String),
      trackingNumber: expect.stringMatching(/^TR[0-9A-Z]{16}$/),
      carrier: 'COURIER',
      status: 'ANNOUNCED',
      estimatedDelivery: '2026-11-24T08:00:00.000Z',
      events: [
        {
          occurredAt: minutesAfter(0),
          status: 'ANNOUNCED',
          location: null,
          description: 'The parcel was announced to the carrier.',
        },
      ],
    });
    const spelledOut = shipment.trackingNumber.toLowerCase().replace(/(.{6})/g, '$1 ');
    const found = await shipping.call(shipmentQuery, { variables: { trackingNumber: spelledOut } });
    expect(found.data).toEqual({ shipment });
    expect(await shipmentsOf(['order-new'])).toEqual([shipment]);
  });

  test('returns null for an unknown tracking number', async () => {
    const { data, errors } = await shipping.call(shipmentQuery, { variables: { trackingNumber: 'TR0' } });
    expect({ data, errors }).toEqual({ data: { shipment: null }, errors: [] });
  });

  test('finds a shipment by either key', async () => {
    const { id, trackingNumber } = await created('order-keys');
    const representations = [{ id }, { trackingNumber }, { id: 'none' }];
    const { data } = await shipping.call(
      'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on Shipment { id } } }',
      { variables: { representations: representations.map((key) => ({ __typename: 'Shipment', ...key })) } },
    );
    expect(data).toEqual({ _entities: [{ id }, { id }, null] });
  });

  test('an order has one shipment, also if two are requested concurrently', async () => {
    const responses = await Promise.all([create('order-once'), create('order-once')]);
    expect(codesOf(responses)).toEqual(['CONFLICT']);
    expect(await shipmentsOf(['order-once'])).toHaveLength(1);
  });

  test('rejects an order id that is too long', async () => {
    expect(codesOf([await create('x'.repeat(129))])).toEqual(['BAD_USER_INPUT']);
  });

  test('the latest event determines the status, in whatever order events arrive', async () => {
    const { trackingNumber } = await created('order-events');
    await report(trackingNumber, 'OUT_FOR_DELIVERY', 3, { location: 'Lyon' });
    const { data } = await report(trackingNumber, 'IN_TRANSIT', 1);
    expect(data).toMatchObject({
      addTrackingEvent: {
        status: 'OUT_FOR_DELIVERY',
        events: [
          { status: 'ANNOUNCED' },
          { status: 'IN_TRANSIT' },
          { status: 'OUT_FOR_DELIVERY', location: 'Lyon' },
        ],
      },
    });
  });

  test('the same event twice is stored once', async () => {
    const { trackingNumber } = await created('order-twice');
    await report(trackingNumber, 'IN_TRANSIT', 1);
    const { data, errors } = await report(trackingNumber, 'IN_TRANSIT', 1);
    expect(errors).toEqual([]);
    expect((data as { addTrackingEvent: Shipment }).addTrackingEvent.events).toHaveLength(2);
  });

  test('rejects events of a parcel after its delivery', async () => {
    const { trackingNumber } = await created('order-delivered');
    await report(trackingNumber, 'DELIVERED', 2);
    expect(codesOf([await report(trackingNumber, 'DELAYED', 3)])).toEqual(['CONFLICT']);
    expect(codesOf([await report(trackingNumber, 'DELIVERED', 3)])).toEqual(['CONFLICT']);
    expect(codesOf([await report(trackingNumber, 'IN_TRANSIT', 1)])).toEqual([]);
    expect(codesOf([await report(trackingNumber, 'DELIVERED', 2)])).toEqual([]);
  });

  test('accepts a repeated event of the time of the delivery, and stores it once', async () => {
    const { trackingNumber } = await created('order-same-time');
    await report(trackingNumber, 'OUT_FOR_DELIVERY', 2);
    await report(trackingNumber, 'DELIVERED', 2);
    const { data, errors } = await report(trackingNumber, 'OUT_FOR_DELIVERY', 2);
    expect(errors).toEqual([]);
    expect(data).toMatchObject({ addTrackingEvent: { status: 'DELIVERED', events: { length: 3 } } });
    expect(codesOf([await report(trackingNumber, 'DELAYED', 2)])).toEqual(['CONFLICT']);
  });

  test('rejects a delivery before earlier events of the parcel', async () => {
    const { trackingNumber } = await created('order-too-early');
    await report(trackingNumber, 'IN_TRANSIT', 3);
    expect(codesOf([await report(trackingNumber, 'DELIVERED', 2)])).toEqual(['CONFLICT']);
  });

  test('of a delivery and a later event that arrive concurrently only one is stored', async () => {
    const parcels = await Promise.all(
      Array.from({ length: 20 }, (_, index) => created(`order-race-${index}`)),
    );
    const responses = await Promise.all(
      parcels.flatMap(({ trackingNumber }) => [
        report(trackingNumber, 'DELIVERED', 2),
        report(trackingNumber, 'DELAYED', 3),
      ]),
    );
    expect(codesOf(responses)).toEqual(parcels.map(() => 'CONFLICT'));
  });

  test.each([
    ['an event in the future', { occurredAt: minutesAfter(24 * 60) }],
    ['an event without a description', { description: '' }],
    ['a description that is too long', { description: 'x'.repeat(301) }],
    ['a location that is too long', { location: 'x'.repeat(101) }],
  ])('rejects %s', async (what, more) => {
    const { trackingNumber } = await created(`order with ${what}`);
    expect(codesOf([await report(trackingNumber, 'IN_TRANSIT', 0, more)])).toEqual(['BAD_USER_INPUT']);
  });

  test('rejects events of an unknown parcel', async () => {
    expect(codesOf([await report('TR0', 'IN_TRANSIT', 0)])).toEqual(['NOT_FOUND']);
  });

  test.each([
    ['createShipment', createMutation, { input: { orderId: 'x', carrier: 'COURIER' } }],
    [
      'addTrackingEvent',
      addEventMutation,
      { input: { trackingNumber: 'TR0', status: 'DELAYED', description: 'x' } },
    ],
  ])('%s is for the shipping staff and for services', async (_, mutation, variables) => {
    const anonymous = await shipping.call(mutation, { variables });
    const outsider = await shipping.call(mutation, { variables, as: customer });
    expect(codesOf([anonymous, outsider])).toEqual(['UNAUTHENTICATED', 'FORBIDDEN']);
  });

  test('reads the shipments of fifty orders with their events with two queries', async () => {
    const delivered = demoOrders.filter(({ status }) => status === 'DELIVERED').slice(0, 50);
    const shipments = await shipmentsOf(delivered.map(({ id }) => id));
    expect(shipments.map((shipment) => shipment?.status)).toEqual(delivered.map(() => 'DELIVERED'));
    expect(shipping.statements).toHaveLength(2);
  });

  test('orders that have not been packed have no shipment', async () => {
    const waiting = demoOrders.filter(({ status }) => status === 'PLACED' || status === 'CANCELLED');
    expect(new Set(await shipmentsOf(waiting.map(({ id }) => id)))).toEqual(new Set([null]));
  });

  test.each([
    ['a light product nearby', 900, '19.90', '10115', '4.50', 'PARCEL_POST', 1, 2],
    ['a started kilogram counts', 1001, '19.90', '10115', '5.10', 'PARCEL_POST', 1, 2],
    ['inland', 900, '19.90', '80331', '5.10', 'PARCEL_POST', 2, 4],
    ['abroad', 900, '99.99', 'SW1A 1AA', '5.70', 'PARCEL_POST', 4, 8],
    ['free from 100 on', 900, '100.00', '10115', '0.00', 'PARCEL_POST', 1, 2],
    ['insured from 500 on', 900, '500.00', '10115', '0.00', 'COURIER', 1, 2],
    ['freight is never free', 30_000, '500.00', '10115', '55.00', 'FREIGHT', 1, 2],
  ])('estimates: %s', async (_, weightGrams, price, postalCode, amount, carrier, minDays, maxDays) => {
    const { data } = await estimate({ weightGrams, price: { amount: price, currency: 'EUR' } }, postalCode);
    expect(data).toEqual({
      products: [{ shippingEstimate: { price: { amount, currency: 'EUR' }, carrier, minDays, maxDays } }],
    });
    expect(shipping.statements).toEqual([]);
  });

  test.each([{}, { weightGrams: null, price: null }, { weightGrams: 900, price: null }])(
    'estimates nothing for %o',
    async (product) => {
      const { data, errors } = await estimate(product, '10115');
      expect({ data, errors }).toEqual({ data: { products: [{ shippingEstimate: null }] }, errors: [] });
    },
  );

  test.each(['', '12', '12345678901', 'Köln', '-1234', '<script>'])(
    'rejects the postal code "%s"',
    async (code) => {
      const response = await estimate({ weightGrams: 1, price: { amount: '1', currency: 'EUR' } }, code);
      expect(codesOf([response])).toEqual(['BAD_USER_INPUT']);
    },
  );
});

type Shipment = { id: string; trackingNumber: string; status: string; events: unknown[] };

function minutesAfter(minutes: number): string {
  return new Date(today + minutes * 60_000).toISOString();
}

function codesOf(responses: readonly { errors: readonly { extensions: { code: string } }[] }[]): string[] {
  return responses.flatMap(({ errors }) => errors.map(({ extensions }) => extensions.code));
}
