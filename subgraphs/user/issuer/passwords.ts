import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const argon2Async = promisify(argon2);

// OWASP's parameters for Argon2id: 19 MiB and two passes, about 40 ms. They are stored with each hash, so
// that raising them leaves the old hashes valid.
const cost = { memory: 19_456, passes: 2, parallelism: 1 };
const tagLength = 32;

/** Maximum number of characters of a password. */
export const maxPassword = 200;

type StoredHash = {
  readonly memory: number;
  readonly passes: number;
  readonly parallelism: number;
  readonly salt: Buffer;
  readonly tag: Buffer;
};

/** Argon2id, written as `$argon2id$v=19$m=…,t=…,p=…$salt$tag`. */
export async function hashPassword(password: string, salt: Buffer = randomBytes(16)): Promise<string> {
  const tag = await derive(password, { ...cost, salt });
  const { memory, passes, parallelism } = cost;
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${encode(salt)}$${encode(tag)}`;
}

/** Takes the same time without a hash, so that the duration does not reveal whether an account exists. */
export async function verifyPassword(password: string, stored: string | null): Promise<boolean> {
  // No account has a longer password. Normalizing 120 KB of combining marks would take seconds.
  const isTooLong = password.length > maxPassword;
  const hash = stored === null || isTooLong ? null : parseHash(stored);
  if (hash === null) {
    await derive(isTooLong ? '' : password, { ...cost, salt: Buffer.alloc(16) });
    return false;
  }
  return timingSafeEqual(await derive(password, hash), hash.tag);
}

function derive(password: string, { salt, ...parameters }: Omit<StoredHash, 'tag'>): Promise<Buffer> {
  const { memory, passes, parallelism } = parameters;
  return argon2Async('argon2id', {
    // Keyboards may encode the same letter differently.
    message: password.normalize('NFC'),
    nonce: salt,
    memory,
    passes,
    parallelism,
    tagLength,
  });
}

function parseHash(text: string): StoredHash | null {
  const match = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]{22,})\$([\w+/]{43})$/.exec(text);
  if (match === null) return null;
  const [, memory, passes, parallelism, salt = '', tag = ''] = match;
  return {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
}

function encode(bytes: Buffer): string {
  return bytes.toString('base64').replaceAll('=', '');
}
