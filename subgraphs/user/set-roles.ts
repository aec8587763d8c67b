import { openDatabase } from '../../database/database.ts';
import { readSettings } from '../shared/settings.ts';
import { StartupError } from '../../database/startup-error.ts';
import { migrations, setRoles, type UserTables } from './data.ts';
import { seed } from './seed.ts';

const ROLES = ['customer', 'admin', 'catalog', 'shipping', 'inventory', 'support'];
const USAGE = `Usage: node subgraphs/user/set-roles.ts EMAIL ROLE...

Sets the roles of an account in place of those it has, for example of the first administrator.
Roles: ${ROLES.join(', ')}. Tokens have them from the next login or refresh on.
The database is that of the user subgraph, from the same environment variables.
`;

/** Runs the command and returns its exit code: 2 for wrong usage, 1 for an unknown account. */
async function run([email, ...roles]: readonly string[]): Promise<number> {
  if (email === '--help') return print(process.stdout, USAGE, 0);
  if (email === undefined || roles.length === 0 || !roles.every((role) => ROLES.includes(role)))
    return print(process.stderr, USAGE, 2);
  const settings = readSettings('user');
  const { db, close } = await openDatabase<UserTables>({ location: settings.database, migrations, seed });
  try {
    const isKnown = await setRoles(db, email.trim().toLowerCase(), roles);
    return isKnown
      ? print(process.stdout, `${email} has the roles ${roles.join(', ')}.\n`, 0)
      : print(process.stderr, `There is no account with the e-mail ${email}: register it first.\n`, 1);
  } finally {
    await close();
  }
}

function print(stream: NodeJS.WriteStream, text: string, exitCode: number): number {
  stream.write(text);
  return exitCode;
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof StartupError)) throw error;
  process.exitCode = print(process.stderr, `${error.message}\n`, 1);
}
