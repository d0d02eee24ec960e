import { useComputed } from '@preact/signals'
import {
  capacityOf,
  type Job,
  jobOf,
  type Ledger,
  MICROS_PER_MS,
  queueStateOf,
  waitingCount,
  waitingFor,
} from '../../../core/index.ts'
import { count, duration } from '../../../format/index.ts'
import { useDesk } from '../frame/context.ts'
import { seconds } from '../frame/time.ts'
import { WindowedList } from '../part/window.tsx'

/** What runs, the line, the models and the processes: at this moment, or at the one of the address. */
export function Now() {
  return (
    <div class="now">
      <Totals />
      <Running />
      <Line />
      <Models />
      <Workers />
    </div>
  )
}

function Totals() {
  const { shown } = useDesk()
  const ledger = shown.ledger.value
  return (
    <section class="totals" aria-label="Totals">
      <Figure name="state" value={queueStateOf(ledger).replace('draining.', '')} />
      <Figure name="running" value={count(ledger.active.size)} />
      <Figure name="waiting" value={count(waitingCount(ledger))} />
      <Figure name="event" value={count(ledger.version)} />
    </section>
  )
}

const Figure = ({ name, value }: { readonly name: string; readonly value: string }) => (
  <div class="figure">
    <span class="name">{name}</span>
    <span class="value" data-figure={name}>
      {value}
    </span>
  </div>
)

function Running() {
  const { shown } = useDesk()
  const ledger = shown.ledger.value
  const jobs = [...ledger.active].flatMap(({ jobId }) => jobOf(ledger, jobId) ?? [])
  return (
    <section aria-labelledby="running">
      <h2 id="running">Running</h2>
      {jobs.length === 0 ? <p class="none">Nothing runs.</p> : null}
      <ul class="cards">
        {jobs.slice(0, 200).map((job) => (
          <li key={job.jobId} data-job={job.jobId}>
            <JobName job={job} />
            <span class="dim">{job.spec.models.join(', ') || 'no model'}</span>
            <span class="dim">{job.workerId ?? 'detached'}</span>
            <Since at={job.startedAt} />
          </li>
        ))}
      </ul>
    </section>
  )
}

const JobName = ({ job }: { readonly job: Job }) => <span class="job">{job.jobId}</span>

function Since({ at }: { readonly at: number }) {
  const { shown } = useDesk()
  void seconds.value
  return <span class="dim since">{duration(Math.max(0, (shown.now() - at) / MICROS_PER_MS))}</span>
}

const ROW = 40

function Line() {
  const { shown } = useDesk()
  const ledger = shown.ledger.value
  return (
    <section aria-labelledby="line">
      <h2 id="line">Line</h2>
      {ledger.line.size === 0 ? <p class="none">Nobody waits in line.</p> : null}
      <WindowedList
        label="The line"
        count={ledger.line.size}
        rowHeight={ROW}
        row={(index) => <Waiting key={index} ledger={ledger} index={index} />}
      />
    </section>
  )
}

function Waiting({ ledger, index }: { readonly ledger: Ledger; readonly index: number }) {
  const { shown } = useDesk()
  const job = jobOf(ledger, ledger.line.at(index)?.jobId ?? '')
  if (job === undefined) return null
  const { reason } = waitingFor(ledger, job, shown.now())
  return (
    <li data-job={job.jobId}>
      <span class="number">{index + 1}</span>
      <JobName job={job} />
      <span class="dim">{job.spec.models.join(', ')}</span>
      <span class="reason">{reason}</span>
    </li>
  )
}

function Models() {
  const { shown } = useDesk()
  const models = useComputed(() => {
    const ledger = shown.ledger.value
    const paused = new Map([...ledger.pauses].map((pause) => [pause.model, pause.reason]))
    const rows = [...ledger.models].map(({ model, holders, line }) => ({
      model,
      held: holders.size,
      waiting: line.size,
      capacity: capacityOf(ledger.policy, model),
      paused: paused.get(model),
    }))
    return rows.sort((a, b) => b.waiting - a.waiting || (a.model < b.model ? -1 : 1))
  })
  return (
    <section aria-labelledby="models">
      <h2 id="models">Models</h2>
      {models.value.length === 0 ? <p class="none">No job needs a model.</p> : null}
      <ul class="cards">
        {models.value.slice(0, 200).map(({ model, held, waiting, capacity, paused }) => (
          <li key={model} data-model={model}>
            <span class="job">{model}</span>
            <span>
              {held} of {capacity} held
            </span>
            <span class="dim">{waiting} waiting</span>
            {paused === undefined ? null : <span class="warn">paused: {paused}</span>}
          </li>
        ))}
      </ul>
    </section>
  )
}

function Workers() {
  const { live } = useDesk()
  const workers = live.workers.value.filter(({ state }) => state !== 'dead')
  return (
    <section aria-labelledby="workers">
      <h2 id="workers">Workers</h2>
      {workers.length === 0 ? <p class="none">No process works.</p> : null}
      <ul class="cards">
        {workers.slice(0, 200).map(({ workerId, freeSlots, kinds, state }) => (
          <li key={workerId}>
            <span class="job">{workerId}</span>
            <span class={state === 'live' ? 'dim' : 'warn'}>{state}</span>
            <span class="dim">{freeSlots} free</span>
            <span class="dim">{kinds?.join(', ') ?? 'every kind'}</span>
          </li>
        ))}
      </ul>
    </section>
  )
}
