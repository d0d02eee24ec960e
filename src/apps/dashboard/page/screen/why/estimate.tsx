import {
  forecastOf,
  handsOf,
  type Ledger,
  MEASURED_EVENTS,
  type NoRange,
  RunTimes,
  type StartRange,
  startsIn,
} from '../../../../../engine/core/index.ts'
import { count, startText } from '../../../../../tools/format/index.ts'
import type { LiveQueue } from '../../data/live.ts'
import type { Loaded } from '../../data/spans.ts'
import { usePage } from '../../frame/context.ts'
import { turn } from '../../frame/turn.ts'
import { type Load, useLoad } from '../../part/load.tsx'

/** How long to rest before the next estimate, in milliseconds. */
const AGAIN_MS = 3_000

type Found = StartRange | NoRange

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
      const hands = handsOf(live.workers.peek(), ledger)
      const work = forecastOf({ ledger, now: shown.now(), jobId, times, hands })
      for (;;) {
        const { done, value } = work.next()
        if (done === true) return value
        await turn(signal)
      }
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
const EVENTS = [MEASURED_EVENTS, 20_000, 80_000] as const

/** How long attempts took. */
async function timesIn(live: LiveQueue): Promise<RunTimes> {
  for (const events of EVENTS) {
    await live.readBack(live.version.peek() - events)
    if (runTimesOf(live.replica, live.generation.peek()).count > 0) break
  }
  return runTimesOf(live.replica, live.generation.peek())
}

function Text({ of }: { readonly of: Load<Found> }) {
  if (of.state === 'loading') return <span class="dim">estimating…</span>
  if (of.state === 'failed') return <span class="warn">could not be estimated: {of.message}</span>
  const starts = startText(startsIn(of.value, null))
  if (typeof of.value === 'string') return <span class="dim">{starts}</span>
  const { tries, runs, isAddedUp } = of.value
  return (
    <>
      <b>{starts}</b>
      <span class="dim method">
        {' '}
        From {count(tries)} simulations with the jobs that are live now and no new ones, by how long{' '}
        {count(runs)} attempts took.
        {isAddedUp ? ' Beyond the first jobs ahead, the times of those in its lines were added up.' : ''}
      </span>
    </>
  )
}

let last: {
  readonly key: string
  readonly times: RunTimes
  readonly begin: Ledger
  version: number
} | null = null

/** How long the loaded attempts took. Each call looks only at events that are new. */
function runTimesOf(loaded: Loaded, generation: number): RunTimes {
  const key = `${loaded.queue}/${generation}/${loaded.base}`
  const begin = last?.key === key ? undefined : loaded.at(loaded.base)
  if (begin !== undefined) last = { key, times: new RunTimes(), begin, version: loaded.base }
  if (last === null) throw new Error('the beginning of the log is not loaded')
  for (let seq = last.version + 1; seq <= loaded.version; seq++) {
    const event = loaded.event(seq)
    if (event !== undefined) last.times.push(event, last.begin)
  }
  last.version = loaded.version
  return last.times
}
