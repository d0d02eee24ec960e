import fc from 'fast-check'

const times = Number(process.env['PROPERTY_TIMES'] ?? 1)

/**
 * What the random cases of every property begin with. A test command says the same today and tomorrow, so its seed is fixed: what nobody has met
 * is looked for by `npm run test:more -- explore`, with a seed that is new each time.
 */
export const seed = Number(process.env['PROPERTY_SEED'] ?? 20_260)

/** How many runs a property gets: `PROPERTY_TIMES=20` makes a long night of it. */
export function runs(usual: number): number {
  return usual * times
}

/** How long a property may take, in milliseconds, on a machine that is busy with something else. */
export const PATIENCE = 120_000 * times

type Arbitraries<Given> = { [At in keyof Given]: fc.Arbitrary<Given[At]> }

/**
 * A property, as the body of a test: what is said of so many runs of these.
 * @example it('comes back as it was', holds([fc.string()], 100, (text) => read(written(text)) === text), PATIENCE)
 */
export const holds =
  <Given extends [unknown, ...unknown[]]>(
    given: [...Arbitraries<Given>],
    usual: number,
    say: (...values: Given) => void,
  ) =>
  (): void =>
    fc.assert(fc.property<Given>(...given, say), { numRuns: runs(usual) })
