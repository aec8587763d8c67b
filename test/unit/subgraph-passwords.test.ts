import { expect, test } from 'vitest';
import { hashPassword, maxPassword, verifyPassword } from '../../subgraphs/user/issuer/passwords.ts';

test('a password that is longer than any account has is wrong without being normalized or hashed', async () => {
  const longest = 'x'.repeat(maxPassword);
  const tooLong = `${longest}x`;
  expect(await verifyPassword(longest, await hashPassword(longest))).toBe(true);
  expect(await verifyPassword(tooLong, await hashPassword(tooLong))).toBe(false);
  // Normalizing this text takes minutes.
  expect(await verifyPassword(`a${'\u0315'.repeat(120_000)}${'\u0316'.repeat(120_000)}`, null)).toBe(false);
});

test('both notations of an accented letter are one password', async () => {
  expect(await verifyPassword('caf\u00e9-caf\u00e9', await hashPassword('cafe\u0301-cafe\u0301'))).toBe(true);
});
