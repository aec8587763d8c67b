import { rowLoader } from '../shared/loaders.ts';
import { findUsers, type UserDatabase } from './data.ts';

export type UserLoaders = ReturnType<typeof createLoaders>;

export function createLoaders(db: UserDatabase) {
  return {
    user: rowLoader(
      (ids) => findUsers(db, ids),
      (user) => user.id,
    ),
  };
}
