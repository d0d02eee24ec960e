/**
 * What Debian's cron runs, minute by minute, written after its cron.c and sharing nothing with the library: `virtual` is the local time up
 * to which fixed times have run, and `running` is what the clock shows.
 */
const MINUTE = 60_000
const QUARTER = 15 * MINUTE
const BIG_JUMP = 3 * 60

/** What an expression of five fields says: the values of each field, and whether it goes by the time that passes. */
export interface Entry {
  readonly expression: string
  readonly minutes: ReadonlySet<number>
  readonly hours: ReadonlySet<number>
  readonly isWild: boolean
}

const valuesOf = (field: string, count: number): ReadonlySet<number> => {
  const values = new Set<number>()
  for (const part of field.split(',')) {
    const [range = '', by = '1'] = part.split('/')
    const [from = 0, to = from] = range === '*' ? [0, count - 1] : range.split('-').map(Number)
    for (let value = from; value <= to; value += Number(by)) values.add(value)
  }
  return values
}

/** Days are left out: `* * *`. */
export function entryOf(minute: string, hour: string): Entry {
  return {
    expression: `${minute} ${hour} * * *`,
    minutes: valuesOf(minute, 60),
    hours: valuesOf(hour, 24),
    isWild: minute.startsWith('*') || hour.startsWith('*'),
  }
}

/** Local minutes since the epoch, as a clock on the wall of that zone shows them. */
function wallOf(tz: string): (at: number) => number {
  const format = new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone: tz, hourCycle: 'h23', year: 'numeric', month: '2-digit', day: '2-digit' },
    ...{ hour: '2-digit', minute: '2-digit' },
  })
  // Clocks are changed at quarters of hours.
  const quarter = (at: number): number => {
    const part = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0 } = part
    return Date.UTC(year, month - 1, day, hour, minute) / MINUTE
  }
  const known = new Map<number, number>()
  return (at) => {
    const from = Math.floor(at / QUARTER) * QUARTER
    const local = known.get(from) ?? quarter(from)
    known.set(from, local)
    return local + (at - from) / MINUTE
  }
}

/** When it runs, from `from` on and before `to`, both whole minutes of UTC. A time at which it runs twice is there once. */
export function debianRuns({ minutes, hours, isWild }: Entry, tz: string, from: number, to: number) {
  const wall = wallOf(tz)
  const matches = (local: number) => minutes.has(local % 60) && hours.has(Math.floor(local / 60) % 24)
  const runs: number[] = []
  let virtual = wall(from - MINUTE)
  for (let at = from; at < to; at += MINUTE) {
    const running = wall(at)
    const ahead = running - virtual
    const run = (local: number) => {
      if (matches(local) && runs.at(-1) !== at) runs.push(at)
    }
    if (ahead === 1 || Math.abs(ahead) > BIG_JUMP) {
      virtual = running
      run(running)
    } else if (ahead > 0) {
      // Clocks were put forward: what has a fixed time in the gap runs now.
      if (isWild) run(running)
      else for (let local = virtual + 1; local <= running; local++) run(local)
      virtual = running
    } else if (isWild) run(running)
  }
  return runs
}
