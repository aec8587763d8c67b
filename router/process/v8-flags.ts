/**
 * V8 flags of the router process. V8 reads them only at its start, so the npm scripts and the image set them.
 * The young generation of the heap must be able to hold the objects of several responses of 800 KB. With the
 * default of 32 MB, V8 copies these objects repeatedly, which takes 40 % of the CPU; with 64 MB it takes 20 %
 * (bench/profile.md). For small responses the minimum is enough: `young-generation-growth.ts` decides when
 * the young generation grows.
 */
export const V8_FLAGS: readonly string[] = ['--max-semi-space-size=64', '--min-semi-space-size=16'];
