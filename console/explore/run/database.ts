const NAME = 'tributary';
const STORES = ['tabs', 'runs'] as const;

type StoreName = (typeof STORES)[number];

let opened: Promise<IDBDatabase | undefined> | undefined;

/** Undefined where the browser allows no database, such as in some private windows: nothing is kept there. */
function database(): Promise<IDBDatabase | undefined> {
  opened ??= new Promise((resolve) => {
    const request = indexedDB.open(NAME, 1);
    request.addEventListener('upgradeneeded', () => {
      for (const name of STORES) request.result.createObjectStore(name, { keyPath: 'id' });
    });
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => resolve(undefined));
  });
  return opened;
}

/** Reads all records of a store, in the order of their keys. */
export async function readAll<T>(store: StoreName): Promise<readonly T[]> {
  const db = await database();
  if (db === undefined) return [];
  const found: unknown = await done(db.transaction(store).objectStore(store).getAll());
  // Only `replaceAll` of this module writes records, and callers read what they wrote.
  return Array.isArray(found) ? (found as T[]) : [];
}

/** Replaces all records of a store. */
export async function replaceAll(
  store: StoreName,
  records: readonly { readonly id: string }[],
): Promise<void> {
  const db = await database();
  if (db === undefined) return;
  const target = db.transaction(store, 'readwrite').objectStore(store);
  target.clear();
  for (const record of records) target.put(record);
}

function done<T>(request: IDBRequest<T>): Promise<T | undefined> {
  return new Promise((resolve) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => resolve(undefined));
  });
}
