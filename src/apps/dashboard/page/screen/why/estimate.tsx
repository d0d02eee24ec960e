import { type Ledger, MICROS_PER_MS } from '../../../../../engine/core/index.ts'
import { count, duration } from '../../../../../tools/format/index.ts'
import {
  estimateStart,
  type NoEstimate,
  RunTimes,
  type StartEstimate,
} from '../../../../../tools/insight/what-if/estimate.ts'
import type { LiveQueue } from '../../data/live.ts'
import type { Loaded } from '../../data/spans.ts'
import { usePage } from '../../frame/context.ts'
import { turn } from '../../frame/turn.ts'
import { type Load, useLoad } from '../../part/load.tsx'

/** How long to rest before the next estimate, in milliseconds. */
const AGAIN_MS = 3_000

type Found = StartEstimate | NoEstimate

/** When the job may start, with a range, and how that was found. */
export function Estimate({ jobId }: { readonly jobId: string }) {
  const { live, shown } = usePage()
  const at = shown.isLive.value ? null : shown.ledger.value.version
  const found = useLoad<Found>({
    question: `${jobId} ${at} ${live.generation.value}`,
    restMs: at === null ? AGAIN_MS : undefined,
    look: async (signal) => {
      const times = await timesIn(live)
      const ledger = shown.ledger.peek()
      const slots = slotsOf(live, ledger)
      return estimateStart({ ledger, now: shown.now(), jobId, times, slots, turn: () => turn(signal) })
    },
  })
  return (
    <>
      <dt>starts</dt>
      <dd data-fact="estimate">
        <Text of={found} />
      </dd>
    </>
  )
}

/** How many of the last events it goes by; where none of them ended an attempt, more. */
const EVENTS = [5_000, 20_000, 80_000] as const

/** How long attempts took. */
async function timesIn(live: LiveQueue): Promise<RunTimes> {
  for (const events of EVENTS) {
    await live.readBack(live.version.peek() - events)
    if (runTimesOf(live.replica, live.generation.peek()).count > 0) break
  }
  return runTimesOf(live.replica, live.generation.peek())
}

const whyNot: Readonly<Record<NoEstimate, string>> = {
  nothing_completed: 'unknown: no loaded attempt has completed',
  no_time_brings_it: 'unknown: it will not start by time alone',
}

function Text({ of }: { readonly of: Load<Found> }) {
  if (of.state === 'loading') return <span class="dim">estimating…</span>
  if (of.state === 'failed') return <span class="warn">could not be estimated: {of.message}</span>
  if (typeof of.value === 'string') return <span class="dim">{whyNot[of.value]}</span>
  const { tries, runs, isScaled, ...times } = of.value
  const [likely, from, to] = [times.likely, times.from, times.to].map((each) =>
    duration(each / MICROS_PER_MS),
  )
  return (
    <>
      <b>{times.likely < MICROS_PER_MS ? 'at once, as far as the rules decide' : `in about ${likely}`}</b>
      {times.to < MICROS_PER_MS ? '' : `, in 8 of 10 cases between ${from} and ${to}`}
      <span class="dim method">
        {' '}
        From {count(tries)} simulations with the jobs that are live now and no new ones. Each job takes as
        long as one of {count(runs)} attempts of its kind did.
        {isScaled
          ? ' Only the first jobs ahead were simulated; the others are assumed to go at the same pace.'
          : ''}
      </span>
    </>
  )
}

/** How many jobs the live workers can run at once. Unknown for the past. */
function slotsOf(live: LiveQueue, ledger: Ledger): number | null {
  const workers = (live.workers.peek() ?? []).filter(({ state }) => state === 'live')
  if (workers.length === 0) return null
  return Math.max(1, ledger.active.size + workers.reduce((sum, { freeSlots }) => sum + freeSlots, 0))
}

let last: { readonly key: string; readonly times: RunTimes; version: number } | null = null

/** How long the loaded attempts took. Each call looks only at events that are new. */
function runTimesOf(loaded: Loaded, generation: number): RunTimes {
  const key = `${loaded.queue}/${generation}/${loaded.base}`
  const begin = last?.key === key ? undefined : loaded.at(loaded.base)
  if (begin !== undefined) last = { key, times: new RunTimes(begin), version: loaded.base }
  if (last === null) throw new Error('the beginning of the log is not loaded')
  for (let seq = last.version + 1; seq <= loaded.version; seq++) {
    const event = loaded.event(seq)
    if (event !== undefined) last.times.push(event)
  }
  last.version = loaded.version
  return last.times
}
