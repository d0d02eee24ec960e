/** For V8, where a program is over in seconds: what it would compile a second time, and better, costs more than it gives. */

/**
 * With an embedded database. V8 would compile one of its functions, of 100 kB, for 0.7 s of a processor and in 600 MB of memory, as soon
 * as it has been called often; a program with 300 queries takes half of the processor time without it, one with 6,000 still less. The
 * processes of the test files have it compiled again after each pause without a database: files with many take a sixteenth less.
 */
export const quickWasm = ['--liftoff-only', '--wasm-lazy-validation'] as const

export const brief = ['--no-opt', ...quickWasm] as const
