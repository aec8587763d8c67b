export type DemoWarehouse = {
  readonly id: string;
  readonly name: string;
  readonly city: string;
  readonly country: string;
};

export const demoWarehouses: readonly [DemoWarehouse, ...DemoWarehouse[]] = [
  { id: 'warehouse-1', name: 'Rotterdam Harbour', city: 'Rotterdam', country: 'NL' },
  { id: 'warehouse-2', name: 'Leipzig Hub', city: 'Leipzig', country: 'DE' },
  { id: 'warehouse-3', name: 'Lyon South', city: 'Lyon', country: 'FR' },
  { id: 'warehouse-4', name: 'Porto Store', city: 'Porto', country: 'PT' },
];
