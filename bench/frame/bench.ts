import type { Servers } from './servers.ts'

/** What a figure has to reach: at most, or at least. Where the number comes from is said in the row. */
export type Goal = { readonly most: number } | { readonly least: number }

/** One line of a result: a figure of every run. The median is held against the goal. */
export interface Row {
  readonly what: string
  readonly unit: string
  readonly samples: readonly number[]
  readonly goal?: Goal | undefined
  /** Who it is of, where several are measured side by side. */
  readonly by?: string
  /** The load of the machine at the end of each: of the minute before, with what the bench itself runs. */
  readonly load?: readonly number[]
  /** Why there are no samples, or what has to be known of them. */
  readonly note?: string
}

/** What a bench is run with. */
export interface Context {
  /** How often everything is measured. */
  readonly runs: number
  /** True: so small that it only shows that the bench works; its figures mean nothing. */
  readonly quick: boolean
  /** Path of a workload of real requests. */
  readonly trace: string
  /** Of a bench of many measurements: only these. Empty: all. */
  readonly only: readonly string[]
  /** Of those that are measured side by side: only these. Empty: all. */
  readonly who: readonly string[]
  /** Archive of the package that is measured, in place of one of these sources. */
  readonly archive?: string | undefined
  /** How long a worker is watched at rest, in milliseconds. */
  readonly restMs: number
  /** How long a storm or an overload lasts, in minutes, if that was said. */
  readonly minutes: number | undefined
  /** Keep what was measured as what later runs are held against. */
  readonly renew: boolean
  readonly servers: Servers
  /** Told what is under way; shown when it takes long. */
  readonly progress: (what: string) => void
}

export interface Bench {
  readonly name: string
  /** One sentence: what is measured, and how to read it. */
  readonly about: string
  /** How those are set up that are measured side by side, by name. */
  readonly subjects?: Readonly<Record<string, string>>
  /** How its rows are shown; a line each unless given. */
  readonly table?: (rows: readonly Row[]) => string
  /** What to tell of a run that must not pass, if anything. */
  readonly verdict?: (rows: readonly Row[]) => string | undefined
  run(context: Context): Promise<readonly Row[]>
}

/** The size of a piece of work: as given, or a tiny one. */
export function sized({ quick }: Context, full: number, tiny: number): number {
  return quick ? tiny : full
}

/** Measures `runs` times, and gives the figures of all runs by their names. */
export async function sample<Name extends string>(
  { runs, progress }: Context,
  what: string,
  once: (run: number) => Promise<Readonly<Record<Name, number>>> | Readonly<Record<Name, number>>,
): Promise<Readonly<Record<Name, readonly number[]>>> {
  const samples: Partial<Record<Name, number[]>> = {}
  for (let run = 1; run <= runs; run++) {
    progress(`${what}, run ${run} of ${runs}`)
    for (const [name, value] of Object.entries(await once(run)) as [Name, number][]) {
      const known = samples[name] ?? []
      known.push(value)
      samples[name] = known
    }
  }
  return samples as Record<Name, readonly number[]>
}
