import { useSignal } from '@preact/signals'
import { attemptText, explainLive, type Job, jobOf, triesOf } from '../../../../../engine/core/index.ts'
import { count, plural } from '../../../../../tools/format/index.ts'
import { usePage } from '../../frame/context.ts'
import { go, route } from '../../frame/route.ts'
import { localText, seconds } from '../../frame/time.ts'
import { factsIn } from '../../part/facts.ts'
import { JobLink } from '../../part/names.tsx'
import { Panel } from '../../part/panel.tsx'
import { Data } from './data.tsx'
import { Ended, useLetter } from './ended.tsx'
import { Estimate } from './estimate.tsx'
import { Graph } from './graph.tsx'
import { JobLevers } from './job-levers.tsx'
import { Life, useLife } from './life.tsx'
import { Places } from './places.tsx'

/** Why a job does not run, and what has to happen first. */
export function Why() {
  const { job } = route.value
  if (job === null) return <Choose />
  return <Of key={job} jobId={job} />
}

/** No job is named yet: type one, or choose one of the first in line. */
function Choose() {
  const { shown } = usePage()
  const text = useSignal('')
  const ledger = shown.calm.value
  const first = Array.from(
    { length: Math.min(12, ledger.line.size) },
    (_, at) => ledger.line.at(at)?.jobId ?? '',
  )
  return (
    <div class="grid why">
      <Panel id="choose" title="Why does a job wait?" wide>
        <form
          class="row"
          onSubmit={(event) => {
            event.preventDefault()
            if (text.value !== '') go({ job: text.value })
          }}
        >
          <label>
            <span class="hidden">Job</span>
            <input
              type="search"
              placeholder="The id of a job"
              value={text.value}
              onInput={(event) => (text.value = event.currentTarget.value)}
            />
          </label>
          <button type="submit" class="main">
            Look
          </button>
        </form>
        <p class="chips">
          {first.map((id) => (
            <JobLink key={id} id={id} />
          ))}
        </p>
      </Panel>
    </div>
  )
}

function Of({ jobId }: { readonly jobId: string }) {
  const { live, shown } = usePage()
  void seconds.value
  const ledger = shown.calm.value
  const job = jobOf(ledger, jobId)
  const found = explainLive(factsIn(live, shown, ledger), jobId)
  const { events, history } = useLife(jobId)
  const letter = useLetter(jobId, job !== undefined)
  const dead = letter.state === 'here' ? letter.value : null
  return (
    <div class="grid why">
      <Panel id="why" title={jobId} wide aside={<JobLevers jobId={jobId} job={job} letter={dead} />}>
        {found === undefined || job === undefined ? (
          <Ended jobId={jobId} events={events} history={history} letter={letter} />
        ) : (
          <>
            <p class="sentence" data-why={found.code ?? found.state}>
              {capital(localText(found.reason))}.
            </p>
            <dl class="facts">
              <dt>state</dt>
              <dd>
                {found.standing}
                {found.code === null || found.code === found.standing ? '' : ` (${found.code})`}
              </dd>
              <dt>what has to happen</dt>
              <dd data-fact="has to happen">{localText(found.whatHasToHappen)}</dd>
              {found.ahead === null ? null : (
                <>
                  <dt>position</dt>
                  <dd data-fact="position">{count(found.ahead + 1)} in the line of the queue</dd>
                </>
              )}
              {found.chain.length === 0 ? null : (
                <>
                  <dt>waits for</dt>
                  <dd class="chain" data-fact="chain">
                    {found.chain.map((id) => (
                      <JobLink key={id} id={id} />
                    ))}
                  </dd>
                </>
              )}
              {job.active ? null : <Estimate jobId={jobId} />}
              <Asked job={job} />
              {found.overtaken === 0 ? null : (
                <>
                  <dt>overtaken</dt>
                  <dd>{found.overtaken} times</dd>
                </>
              )}
            </dl>
          </>
        )}
      </Panel>
      {found === undefined ? null : (
        <Places jobId={jobId} isInLine={found.ahead !== null} models={found.models} />
      )}
      <Data jobId={jobId} />
      {found === undefined || job?.active === true ? null : (
        <Graph ledger={ledger} jobId={jobId} now={shown.now()} />
      )}
      <Life events={events} history={history} />
    </div>
  )
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)

function Asked({ job }: { readonly job: Job }) {
  const { spec, priority } = job
  return (
    <>
      <dt>enqueued as</dt>
      <dd>
        {spec.kind}, priority {priority},{' '}
        {job.attempt > 0 ? attemptText(triesOf(job)) : plural(spec.attempts, 'attempt')}
        {spec.fairKey === null ? '' : `, fair key ${spec.fairKey}`}
      </dd>
    </>
  )
}
