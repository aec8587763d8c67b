import type { PackageManager } from './package-manager.ts';
import { findProgram } from '../processes/run-program.ts';

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome'];

/**
 * Returns the path of a Chromium, and installs one as root or on a CI machine. Without one, tests of pages
 * are skipped.
 */
export async function findBrowser(packages: PackageManager): Promise<string | undefined> {
  const found = findProgram(PROGRAMS);
  if (found !== undefined) return found;
  await packages.install('chromium').catch(() => undefined);
  return findProgram(PROGRAMS);
}
