const times = Number(process.env['PROPERTY_TIMES'] ?? 1)

/** How many runs a property gets: `PROPERTY_TIMES=20` makes a long night of it. */
export function runs(usual: number): number {
  return usual * times
}

/** How long a property may take, in milliseconds, on a machine that is busy with something else. */
export const PATIENCE = 120_000 * times
