import type { Kysely } from 'kysely';
import { randomBytes, randomUUID } from 'node:crypto';
import { requireRole } from '../shared/caller.ts';
import { fail } from '../shared/errors.ts';
import type { RequestFacts, Resolvers } from '../shared/serve.ts';
import { readId } from '../shop/ids.ts';
import { shopScalars } from '../shop/scalars.ts';
import {
  addEvent,
  type Carrier,
  createShipment as insertShipment,
  type Shipment,
  type ShipmentStatus,
  type ShippingTables,
  type TrackingEvent,
} from './data.ts';
import type { ShippingLoaders } from './loaders.ts';

export type ShippingContext = RequestFacts & {
  readonly db: Kysely<ShippingTables>;
  readonly now: () => number;
  readonly loaders: ShippingLoaders;
};

type Reference = { readonly id: string };
type ShipmentReference = { readonly id?: string; readonly trackingNumber?: string };
type CreateShipmentInput = {
  readonly orderId: string;
  readonly carrier: Carrier;
  readonly estimatedDelivery?: Date | null;
};
type AddTrackingEventInput = {
  readonly trackingNumber: string;
  readonly status: ShipmentStatus;
  readonly occurredAt?: Date | null;
  readonly location?: string | null;
  readonly description: string;
};
type Money = { readonly amount: string; readonly currency: string };
/** Fields from product for `@requires`; null while product is down. */
type PricedProduct = Reference & { readonly weightGrams?: number | null; readonly price?: Money | null };
type ShippingEstimate = {
  readonly price: Money;
  readonly carrier: Carrier;
  readonly minDays: number;
  readonly maxDays: number;
};

const maxLocationLength = 100;
const maxDescriptionLength = 300;
// Clocks of depots and vans may differ by this.
const clockToleranceMs = 5 * 60_000;

export const resolvers: Resolvers = {
  ...shopScalars,
  Query: {
    shipment: (_: unknown, args: { readonly trackingNumber: string }, { loaders }: ShippingContext) =>
      loaders.shipmentByTrackingNumber.load(readTrackingNumber(args.trackingNumber)),
  },
  Mutation: {
    createShipment,
    addTrackingEvent,
  },
  Shipment: {
    __resolveReference: async ({ id, trackingNumber }: ShipmentReference, { loaders }: ShippingContext) => {
      if (id !== undefined) return loaders.shipment.load(id);
      return loaders.shipmentByTrackingNumber.load(readTrackingNumber(trackingNumber ?? ''));
    },
    trackingNumber: (shipment: Shipment) => shipment.tracking_number,
    estimatedDelivery: (shipment: Shipment) => shipment.estimated_delivery,
    events: (shipment: Shipment, _: unknown, { loaders }: ShippingContext) =>
      loaders.events.load(shipment.id),
  },
  TrackingEvent: {
    occurredAt: (event: TrackingEvent) => event.occurred_at,
  },
  Order: {
    __resolveReference: async ({ id }: Reference) => ({ id }),
    shipment: ({ id }: Reference, _: unknown, { loaders }: ShippingContext) =>
      loaders.shipmentOfOrder.load(id),
  },
  Product: {
    __resolveReference: async (product: PricedProduct) => product,
    shippingEstimate: (product: PricedProduct, { postalCode }: { readonly postalCode: string }) =>
      estimate(product, zoneOf(postalCode)),
  },
};

async function createShipment(
  _: unknown,
  { input }: { readonly input: CreateShipmentInput },
  { caller, db, now, loaders }: ShippingContext,
): Promise<Shipment | null> {
  requireRole(caller, 'shipping', 'service');
  const { carrier, estimatedDelivery = null } = input;
  const orderId = readId('orderId', input.orderId);
  const id = randomUUID();
  const shipment = { id, order_id: orderId, tracking_number: newTrackingNumber(), carrier };
  const announced = { occurred_at: new Date(now()), status: 'ANNOUNCED', location: null } as const;
  const created = await insertShipment(
    db,
    { ...shipment, estimated_delivery: estimatedDelivery },
    { ...announced, description: 'The parcel was announced to the carrier.' },
  );
  if (!created) fail('CONFLICT', `The order ${orderId} has a shipment already.`);
  return loaders.shipment.load(id);
}

async function addTrackingEvent(
  _: unknown,
  { input }: { readonly input: AddTrackingEventInput },
  { caller, db, now, loaders }: ShippingContext,
): Promise<Shipment | null> {
  requireRole(caller, 'shipping', 'service');
  const trackingNumber = readTrackingNumber(input.trackingNumber);
  const { status, location = null, description } = input;
  const occurredAt = readOccurredAt(input.occurredAt, now());
  checkLength('location', location ?? '', { min: 0, max: maxLocationLength });
  checkLength('description', description, { min: 1, max: maxDescriptionLength });
  const event = { occurred_at: occurredAt, status, location, description };
  const outcome = await addEvent(db, trackingNumber, event);
  if (outcome === 'unknown-shipment') fail('NOT_FOUND', 'There is no shipment with this tracking number.');
  if (outcome === 'after-delivery') fail('CONFLICT', 'Nothing happens to a parcel after its delivery.');
  // The next mutation of the same operation must not return cached rows.
  loaders.shipmentByTrackingNumber.clear(trackingNumber);
  loaders.events.clearAll();
  return loaders.shipmentByTrackingNumber.load(trackingNumber);
}

function readOccurredAt(occurredAt: Date | null | undefined, now: number): Date {
  const at = occurredAt ?? new Date(now);
  if (at.getTime() <= now + clockToleranceMs) return at;
  return fail('BAD_USER_INPUT', '"occurredAt" must not be in the future.');
}

function checkLength(name: string, text: string, { min, max }: { min: number; max: number }): void {
  if (text.length >= min && text.length <= max) return;
  fail('BAD_USER_INPUT', `"${name}" must have ${min} to ${max} characters.`);
}

// Crockford's base 32, without letters that resemble digits.
const trackingAlphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/** 16 characters of 5 random bits each, because the number alone gives access to the shipment. */
function newTrackingNumber(): string {
  const characters = Array.from(randomBytes(16), (byte) => trackingAlphabet[byte % 32]);
  return `TR${characters.join('')}`;
}

function readTrackingNumber(text: string): string {
  return text.replaceAll(/[\s-]/g, '').toUpperCase();
}

type Zone = { readonly factor: bigint; readonly minDays: number; readonly maxDays: number };

const nearby: Zone = { factor: 1n, minDays: 1, maxDays: 2 };
const inland: Zone = { factor: 2n, minDays: 2, maxDays: 4 };
const abroad: Zone = { factor: 3n, minDays: 4, maxDays: 8 };

/** Zone by the first character: 0 to 4 is near the warehouses, letters are other countries. */
function zoneOf(postalCode: string): Zone {
  if (!/^[\da-z][\da-z -]{1,8}[\da-z]$/i.test(postalCode)) {
    fail('BAD_USER_INPUT', '"postalCode" must have 3 to 10 letters, digits, blanks or dashes.');
  }
  if (/^[0-4]/.test(postalCode)) return nearby;
  return /^[5-9]/.test(postalCode) ? inland : abroad;
}

const tariffs: Readonly<Record<Carrier, { readonly baseCents: bigint; readonly centsPerKilogram: bigint }>> =
  {
    PARCEL_POST: { baseCents: 390n, centsPerKilogram: 60n },
    COURIER: { baseCents: 790n, centsPerKilogram: 90n },
    FREIGHT: { baseCents: 4900n, centsPerKilogram: 20n },
  };
const freightFromGrams = 30_000;
const courierFromPrice = 500;
const freeFromPrice = 100;

function estimate({ weightGrams, price }: PricedProduct, zone: Zone): ShippingEstimate | null {
  if (weightGrams == null || price == null) return null;
  const carrier = carrierFor(weightGrams, price);
  const { baseCents, centsPerKilogram } = tariffs[carrier];
  const kilograms = BigInt(Math.ceil(weightGrams / 1000));
  const cents = isFree(carrier, price) ? 0n : baseCents + kilograms * centsPerKilogram * zone.factor;
  const { minDays, maxDays } = zone;
  return { price: { amount: inUnits(cents), currency: price.currency }, carrier, minDays, maxDays };
}

// Floats are exact enough to compare prices; they are not used for arithmetic.
function carrierFor(weightGrams: number, price: Money): Carrier {
  if (weightGrams >= freightFromGrams) return 'FREIGHT';
  return Number(price.amount) >= courierFromPrice ? 'COURIER' : 'PARCEL_POST';
}

function isFree(carrier: Carrier, price: Money): boolean {
  return carrier !== 'FREIGHT' && Number(price.amount) >= freeFromPrice;
}

function inUnits(cents: bigint): string {
  return `${cents / 100n}.${String(cents % 100n).padStart(2, '0')}`;
}
