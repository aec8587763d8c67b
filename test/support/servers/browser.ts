import type { PackageManager } from './package-manager.ts';
import { findProgram } from '../processes/run-program.ts';

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome'];

/** The path of a Chromium, installed where that bothers nobody; undefined leaves the tests of pages out. */
export async function findBrowser(packages: PackageManager): Promise<string | undefined> {
  const found = findProgram(PROGRAMS);
  if (found !== undefined) return found;
  await packages.install('chromium').catch(() => undefined);
  return findProgram(PROGRAMS);
}
