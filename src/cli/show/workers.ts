import { MICROS_PER_MS, type Micros } from '../../core/index.ts'
import { duration } from '../../format/index.ts'
import type { Working } from '../../operate/parts.ts'
import type { WorkerRow } from '../../port/index.ts'
import type { Frame } from '../frame.ts'
import { grid } from '../terminal/grid.ts'

const SHOWN = 20
const NAMED = 3

/** A line of facts: how many. */
export function countText(working: readonly Working[]): string {
  const many = (wanted: WorkerRow['state']) => working.filter(({ state }) => state === wanted).length
  const rest = (['late', 'dead'] as const).filter((state) => many(state) > 0)
  return [`${many('live')} live`, ...rest.map((state) => `${many(state)} ${state}`)].join(', ')
}

export function workersTable(frame: Frame, working: readonly Working[], now: Micros): string {
  const rows = working
    .slice(0, SHOWN)
    .map(({ workerId, state, kinds, freeSlots, startedAt, running }) => [
      ...[workerId, state, kindsText(kinds), running.length, freeSlots],
      ...[duration((now - startedAt) / MICROS_PER_MS), someOf(running)],
    ])
  const head = ['process', 'state', 'kinds', 'runs', 'free', 'for', 'jobs']
  const more = working.length > SHOWN ? `\n… and ${working.length - SHOWN} more: --json` : ''
  const give = { jobs: 12, kinds: 10, process: 20 }
  return `${grid(frame, head, rows, { heading: frame.colors.dim, right: [3, 4, 5], give })}${more}`
}

/** A process without kinds claims nothing: it holds what it asked for at the gate, or puts jobs in line. */
function kindsText(kinds: readonly string[] | null): string {
  if (kinds === null) return 'every kind'
  return kinds.join(', ') || 'none'
}

const someOf = (running: readonly string[]): string =>
  running.length > NAMED
    ? `${running.slice(0, NAMED).join(', ')} and ${running.length - NAMED} more`
    : running.join(', ')
