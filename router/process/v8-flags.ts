/**
 * V8 flags of the router process. V8 reads them only at its start, so the npm scripts and the image set them.
 * The young generation of the heap must hold the objects of several responses of 800 KB. With V8's default of
 * 32 MB, copying these objects takes 40 % of the CPU; with 64 MB it takes 20 % (bench/profile.md). For small
 * responses the minimum suffices (see `young-generation-growth.ts`).
 */
export const V8_FLAGS: readonly string[] = ['--max-semi-space-size=64', '--min-semi-space-size=16'];
