/**
 * V8 flags of the router's process. V8 reads them at its start only, so whatever starts the router sets them: the npm scripts
 * and the image. The young generation must hold what a few responses of 800 KB keep alive: with V8's default of 32 MB they are
 * copied repeatedly, which costs 40 % of the CPU, with 64 MB 20 % (bench/profile.md).
 */
export const V8_FLAGS: readonly string[] = ['--max-semi-space-size=64'];
