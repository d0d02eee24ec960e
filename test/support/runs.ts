const times = Number(process.env['PROPERTY_TIMES'] ?? 1)

/**
 * What the random cases of every property begin with. A test command says the same today and tomorrow, so its seed is fixed: what nobody has met
 * is looked for by `npm run explore`, with a seed that is new each time.
 */
export const seed = Number(process.env['PROPERTY_SEED'] ?? 20_260)

/** How many runs a property gets: `PROPERTY_TIMES=20` makes a long night of it. */
export function runs(usual: number): number {
  return usual * times
}

/** How long a property may take, in milliseconds, on a machine that is busy with something else. */
export const PATIENCE = 120_000 * times
