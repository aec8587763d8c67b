/**
 * V8 flags of the router process. V8 reads them only at its start, so the npm scripts and the image set them.
 * The young generation must hold the objects of several responses of 800 KB: with V8's default of 32 MB,
 * copying these objects takes 40 % of the CPU; with 64 MB it takes 20 % (bench/profile.md).
 */
export const V8_FLAGS: readonly string[] = ['--max-semi-space-size=64', '--min-semi-space-size=16'];
