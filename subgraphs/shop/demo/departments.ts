export type Range = readonly [low: number, high: number];

/** A leaf of the category tree: each noun becomes a product of several brands. */
export type Shelf = {
  readonly name: string;
  readonly nouns: readonly string[];
  readonly priceEuros: Range;
  readonly weightGrams: Range;
  readonly pitch: string;
};

export type Department = {
  readonly name: string;
  readonly tags: readonly string[];
  readonly shelves: readonly Shelf[];
};

export const departments: readonly Department[] = [
  {
    name: 'Outdoor',
    tags: ['bestseller', 'recycled', 'waterproof', 'lightweight'],
    shelves: [
      {
        name: 'Tents and shelters',
        nouns: ['Two-Person Tent', 'Four-Season Tent', 'Tarp', 'Bivy Bag', 'Hammock'],
        priceEuros: [49, 620],
        weightGrams: [450, 4200],
        pitch: 'Pitches in minutes and stands up to a night of rain.',
      },
      {
        name: 'Backpacks',
        nouns: ['Daypack 22 l', 'Trekking Pack 45 l', 'Expedition Pack 70 l', 'Trail Vest', 'Dry Bag'],
        priceEuros: [24, 290],
        weightGrams: [180, 2300],
        pitch: 'Carries close to the body, with pockets where hands look for them.',
      },
      {
        name: 'Camp kitchen',
        nouns: ['Gas Stove', 'Titanium Mug', 'Cook Set', 'Water Filter', 'Insulated Bottle'],
        priceEuros: [12, 140],
        weightGrams: [60, 1400],
        pitch: 'Small enough for the lid of the pack, made for years of use.',
      },
    ],
  },
  {
    name: 'Clothing',
    tags: ['organic', 'fair-trade', 'bestseller', 'new-season'],
    shelves: [
      {
        name: 'Jackets',
        nouns: ['Rain Shell', 'Down Jacket', 'Fleece Jacket', 'Wind Vest', 'Parka'],
        priceEuros: [55, 420],
        weightGrams: [160, 1300],
        pitch: 'Cut for moving, with a hood that turns with the head.',
      },
      {
        name: 'Footwear',
        nouns: ['Trail Runner', 'Hiking Boot', 'Approach Shoe', 'Camp Slipper', 'Winter Boot'],
        priceEuros: [39, 310],
        weightGrams: [300, 1900],
        pitch: 'Grips wet rock, and can be resoled.',
      },
      {
        name: 'Base layers',
        nouns: ['Merino T-Shirt', 'Merino Leggings', 'Long-Sleeve Top', 'Wool Socks', 'Beanie'],
        priceEuros: [14, 110],
        weightGrams: [50, 320],
        pitch: 'Warm when wet and fresh after days on the trail.',
      },
    ],
  },
  {
    name: 'Home',
    tags: ['handmade', 'recycled', 'gift', 'bestseller'],
    shelves: [
      {
        name: 'Kitchen',
        nouns: ['Cast-Iron Pan', 'Chef Knife', 'Pour-Over Kettle', 'Stoneware Bowl', 'Oak Chopping Board'],
        priceEuros: [16, 240],
        weightGrams: [220, 3900],
        pitch: 'A tool to hand on, easy to clean and to sharpen.',
      },
      {
        name: 'Lighting',
        nouns: ['Desk Lamp', 'Pendant Light', 'Reading Light', 'Lantern', 'Floor Lamp'],
        priceEuros: [22, 380],
        weightGrams: [250, 6200],
        pitch: 'Warm light without flicker; the bulb can be replaced.',
      },
      {
        name: 'Textiles',
        nouns: ['Linen Bedding', 'Wool Blanket', 'Cotton Towel', 'Kilim Rug', 'Cushion Cover'],
        priceEuros: [12, 330],
        weightGrams: [150, 5200],
        pitch: 'Woven from long fibres and softer with each wash.',
      },
    ],
  },
  {
    name: 'Electronics',
    tags: ['usb-c', 'repairable', 'bestseller', 'waterproof'],
    shelves: [
      {
        name: 'Audio',
        nouns: ['Wireless Headphones', 'Travel Speaker', 'Studio Monitor', 'Earbuds'],
        priceEuros: [29, 540],
        weightGrams: [40, 4800],
        pitch: 'Clear at low volume, with a battery that can be changed.',
      },
      {
        name: 'Power',
        nouns: ['Power Bank 20 Ah', 'Folding Solar Panel', 'Travel Adapter', 'Charging Dock'],
        priceEuros: [15, 260],
        weightGrams: [80, 2600],
        pitch: 'Safe cells, honest capacity, and a cable in the box.',
      },
      {
        name: 'Wearables',
        nouns: ['GPS Watch', 'Heart Rate Strap', 'Head Torch', 'Action Camera'],
        priceEuros: [25, 690],
        weightGrams: [30, 210],
        pitch: 'Works offline, and keeps its data on the device.',
      },
    ],
  },
  {
    name: 'Cycling',
    tags: ['lightweight', 'e-bike', 'new-season', 'repairable'],
    shelves: [
      {
        name: 'Bikes',
        nouns: ['Gravel Bike', 'City Bike', 'Folding Bike', 'Cargo Bike'],
        priceEuros: [590, 4900],
        weightGrams: [8200, 29_000],
        pitch: 'Standard parts throughout, so that any workshop can help.',
      },
      {
        name: 'Bike parts',
        nouns: ['Saddle', 'Pedal Set', 'Chain', 'Wheelset', 'Brake Pads'],
        priceEuros: [9, 620],
        weightGrams: [45, 2100],
        pitch: 'Fits most frames of the last twenty years.',
      },
      {
        name: 'Bike luggage',
        nouns: ['Frame Bag', 'Handlebar Roll', 'Pannier Pair', 'Saddle Bag'],
        priceEuros: [29, 210],
        weightGrams: [140, 1900],
        pitch: 'Stays put on rough ground and comes off with one hand.',
      },
    ],
  },
  {
    name: 'Garden',
    tags: ['organic', 'handmade', 'gift', 'new-season'],
    shelves: [
      {
        name: 'Garden tools',
        nouns: ['Pruning Shears', 'Spade', 'Hand Trowel', 'Watering Can', 'Folding Saw'],
        priceEuros: [9, 130],
        weightGrams: [120, 2400],
        pitch: 'Forged steel and ash wood, balanced for long days.',
      },
      {
        name: 'Seeds and bulbs',
        nouns: ['Heirloom Tomato Seeds', 'Wildflower Mix', 'Tulip Bulbs', 'Herb Set', 'Salad Mix'],
        priceEuros: [3, 29],
        weightGrams: [10, 900],
        pitch: 'Open-pollinated, tested for germination this season.',
      },
      {
        name: 'Raised beds',
        nouns: ['Larch Planter', 'Corten Bed', 'Cold Frame', 'Trellis'],
        priceEuros: [39, 450],
        weightGrams: [2400, 24_000],
        pitch: 'Assembled without tools, and made to stand outside.',
      },
    ],
  },
];
