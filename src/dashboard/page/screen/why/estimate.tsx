import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { type Ledger, MICROS_PER_MS } from '../../../../core/index.ts'
import { count, duration } from '../../../../format/index.ts'
import { estimateStart, type StartEstimate } from '../../../../insight/parts.ts'
import type { LiveQueue } from '../../data/live.ts'
import { runTimesOf } from '../../data/run-times.ts'
import { usePage } from '../../frame/context.ts'
import { turn } from '../../frame/turn.ts'

/** How often to estimate again, in milliseconds. */
const AGAIN_MS = 3_000

/** When the job may start, with a range, and how that was found. */
export function Estimate({ jobId }: { readonly jobId: string }) {
  const { live, shown } = usePage()
  const found = useSignal<StartEstimate | null | undefined>(undefined)
  const at = shown.isLive.value ? null : shown.ledger.value.version
  useEffect(() => {
    let isOver = false
    const look = async () => {
      const ledger = shown.ledger.peek()
      const times = runTimesOf(live.replica, live.generation.peek())
      const options = { ledger, now: shown.now(), jobId, times, slots: slotsOf(live, ledger), turn }
      // Under some rules the job never starts; the simulation then throws.
      const estimate = await estimateStart(options).catch(() => null)
      if (!isOver) found.value = estimate
    }
    void look()
    const timer = at === null ? setInterval(() => void look(), AGAIN_MS) : 0
    return () => {
      isOver = true
      clearInterval(timer)
    }
  }, [jobId, at, live.base.value])
  return (
    <>
      <dt>starts</dt>
      <dd data-fact="estimate">{textOf(found.value)}</dd>
    </>
  )
}

function textOf(found: StartEstimate | null | undefined) {
  if (found === undefined) return <span class="dim">estimating…</span>
  if (found === null)
    return (
      <span class="dim">
        nobody can say: no attempt has completed in what is loaded, or no time alone brings it
      </span>
    )
  const [likely, from, to] = [found.likely, found.from, found.to].map((at) => duration(at / MICROS_PER_MS))
  return (
    <>
      <b>{found.likely < MICROS_PER_MS ? 'at once, as far as the rules go' : `in about ${likely}`}</b>
      {found.to < MICROS_PER_MS ? '' : `, eight times of ten between ${from} and ${to}`}
      <span class="dim method">
        {' '}
        {count(found.tries)} tries by the queue's own rules over the jobs that are live now; each runs as long
        as one of {count(found.runs)} attempts of its kind did, and nobody else comes
      </span>
    </>
  )
}

/** How many jobs the live workers can run at once. Unknown for the past. */
function slotsOf(live: LiveQueue, ledger: Ledger): number | null {
  const workers = live.workers.peek().filter(({ state }) => state === 'live')
  if (workers.length === 0) return null
  return Math.max(1, ledger.active.size + workers.reduce((sum, { freeSlots }) => sum + freeSlots, 0))
}
