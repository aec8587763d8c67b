import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../test/support/processes/run-program.ts';

/** Folder in which cargo installs the routers that are written in Rust. */
const folder = join(import.meta.dirname, '..', 'out', 'cargo');

/** A router in Rust, with its version and the name of its program. */
export type CargoPackage = { readonly crate: string; readonly version: string; readonly program: string };

export const HIVE_ROUTER: CargoPackage = { crate: 'hive-router', version: '0.3.10', program: 'hive_router' };
export const APOLLO_ROUTER: CargoPackage = { crate: 'apollo-router', version: '2.17.0', program: 'router' };

const PACKAGES = [HIVE_ROUTER, APOLLO_ROUTER];
const BUILT_WITH = 'npm run bench -- --build-competitors';

/** Returns the versions of the packages that are built. */
export function cargoVersions(): Readonly<Record<string, string>> {
  const built = PACKAGES.filter(({ program }) => existsSync(join(folder, 'bin', program)));
  return Object.fromEntries(built.map(({ crate, version }) => [crate, version]));
}

/** Returns the path of the program of a package. @throws {Error} that says how to build it if it is absent */
export function cargoProgram({ crate, program }: CargoPackage): string {
  const file = join(folder, 'bin', program);
  if (existsSync(file)) return file;
  throw new Error(
    findProgram(['cargo']) === undefined
      ? `there is no cargo on this machine to build ${crate}`
      : `${crate} is not built: ${BUILT_WITH} takes half an hour`,
  );
}

/** Builds the routers in Rust with the optimizations of their releases. */
export function buildCargoPackages(): void {
  if (findProgram(['cargo']) === undefined) throw new Error('there is no cargo on this machine');
  for (const { crate, version } of PACKAGES) {
    console.log(`building ${crate} ${version} into bench/out/cargo …`);
    const { status } = spawnSync(
      'cargo',
      ['install', crate, '--version', version, '--locked', '--ignore-rust-version', '--root', folder],
      {
        stdio: 'inherit',
        env: {
          ...process.env,
          CARGO_PROFILE_RELEASE_LTO: 'fat',
          CARGO_PROFILE_RELEASE_CODEGEN_UNITS: '1',
          CARGO_TARGET_DIR: join(folder, 'target'),
        },
      },
    );
    if (status !== 0)
      console.error(
        `${crate} was not built: see above; it may need a newer rustc (RUSTUP_TOOLCHAIN) or protoc`,
      );
  }
}
