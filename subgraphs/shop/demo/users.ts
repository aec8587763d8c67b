import { createRandom } from './random.ts';

type Tier = 'FREE' | 'PREMIUM' | 'ENTERPRISE';

type DemoAddress = {
  readonly label: string;
  readonly line1: string;
  readonly city: string;
  readonly postalCode: string;
  readonly country: string;
};

export type DemoUser = {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly tier: Tier;
  readonly roles: readonly string[];
  readonly tenantId: string;
  readonly addresses: readonly DemoAddress[];
  readonly createdAt: Date;
  /** Demo logins share the password `demoPassword`; all other users have none. */
  readonly canLogIn: boolean;
};

export const demoPassword = 'tributary';

type Person = readonly [name: string, tier: Tier, roles: readonly string[]];

// The initials of customers indicate their tiers.
const logins: readonly Person[] = [
  ['Freya Lindqvist', 'FREE', ['customer']],
  ['Priya Raman', 'PREMIUM', ['customer']],
  ['Enzo Marchetti', 'ENTERPRISE', ['customer']],
  ['Ada Okafor', 'ENTERPRISE', ['admin']],
  ['Carlos Ibarra', 'FREE', ['catalog']],
  ['Shirin Daneshvar', 'FREE', ['shipping']],
  ['Ivo Hristov', 'FREE', ['inventory']],
  ['Sofia Nunes', 'FREE', ['support']],
];

const customers = [
  'Amara Diallo',
  'Anton Berg',
  'Beatriz Costa',
  'Bram Jansen',
  'Chiara Ricci',
  'Daniel Weiss',
  'Dilnoza Karimova',
  'Elif Demir',
  'Emeka Obi',
  'Fatima Zahra',
  'Finn Gallagher',
  'Giulia Ferrari',
  'Hana Novak',
  'Henrik Dahl',
  'Ines Moreau',
  'Jakub Zielinski',
  'Joana Ribeiro',
  'Kaito Mori',
  'Kerstin Vogel',
  'Lars Nygaard',
  'Leila Haddad',
  'Lucas Petit',
  'Maeve Brennan',
  'Mateo Vargas',
  'Nadia Petrova',
  'Oskar Lund',
  'Petra Horvat',
  'Rafael Soto',
  'Sanne de Vries',
  'Tomasz Wrona',
  'Ursula Keller',
  'Wanjiru Kamau',
] as const;

const places: readonly [DemoPlace, ...DemoPlace[]] = [
  ['Berlin', '10115', 'DE', ['Ackerstrasse', 'Gartenstrasse', 'Linienstrasse']],
  ['Hamburg', '20095', 'DE', ['Bergstrasse', 'Rosenstrasse', 'Lilienstrasse']],
  ['Vienna', '1010', 'AT', ['Wollzeile', 'Bäckerstraße', 'Schulerstraße']],
  ['Amsterdam', '1012', 'NL', ['Spuistraat', 'Warmoesstraat', 'Nes']],
  ['Copenhagen', '1050', 'DK', ['Bredgade', 'Store Strandstræde', 'Nyhavn']],
  ['Lyon', '69001', 'FR', ['Rue Sainte-Catherine', 'Rue Terme', 'Rue Romarin']],
  ['Porto', '4000', 'PT', ['Rua das Flores', 'Rua do Almada', 'Rua Formosa']],
  ['Milan', '20121', 'IT', ['Via Solferino', 'Via San Marco', 'Via Brera']],
];

type DemoPlace = readonly [
  city: string,
  postalCode: string,
  country: string,
  streets: readonly [string, ...string[]],
];

const opening = Date.UTC(2023, 0, 9, 8);
const dayMs = 86_400_000;

export const demoUsers: readonly DemoUser[] = createUsers();

function createUsers(): DemoUser[] {
  const random = createRandom(4003);
  const tiers = ['FREE', 'FREE', 'FREE', 'PREMIUM', 'PREMIUM', 'ENTERPRISE'] as const;
  const people = [...logins, ...customers.map((name): Person => [name, random.pick(tiers), ['customer']])];
  return people.map(([name, tier, roles], index) => ({
    id: `user-${index + 1}`,
    email: emailOf(name),
    name,
    tier,
    roles,
    tenantId: 'shop',
    addresses: createAddresses(random),
    createdAt: new Date(opening + index * 17 * dayMs + random.between(0, 1_000) * 60_000),
    canLogIn: index < logins.length,
  }));
}

function createAddresses(random: ReturnType<typeof createRandom>): DemoAddress[] {
  const labels = random.chance(0.4) ? ['Home', 'Work'] : ['Home'];
  return labels.map((label) => {
    const [city, postalCode, country, streets] = random.pick(places);
    return { label, line1: `${random.pick(streets)} ${random.between(1, 120)}`, city, postalCode, country };
  });
}

/** `freya@shop.example`: the domain is reserved for examples, so that no mail is delivered. */
function emailOf(name: string): string {
  return `${name.split(' ', 1)[0]?.toLowerCase()}@shop.example`;
}
