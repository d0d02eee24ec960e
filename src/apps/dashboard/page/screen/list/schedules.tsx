import { duration } from '../../../../../tools/format/index.ts'
import type { SchedulesNow } from '../../../api/queue-documents.ts'
import { getJson, ofQueue } from '../../data/api.ts'
import { usePage } from '../../frame/context.ts'
import { momentText } from '../../frame/time.ts'
import { Loaded, None, useLoad } from '../../part/load.tsx'
import { JobLink } from '../../part/names.tsx'
import { Scroll } from '../../part/scroll.tsx'

/** In milliseconds: due times are minutes apart as a rule. */
const REST_MS = 10_000

/** The schedules of the queue, the next due one first. */
export function Schedules() {
  const { live } = usePage()
  const schedules = useLoad({
    question: live.generation.value,
    restMs: REST_MS,
    look: (signal) => getJson<SchedulesNow>(ofQueue(live.queue, 'schedules'), signal),
  })
  return (
    <Loaded of={schedules}>
      {({ schedules: all }) => (all.length === 0 ? <None>There is no schedule.</None> : <Table all={all} />)}
    </Loaded>
  )
}

const Table = ({ all }: { readonly all: SchedulesNow['schedules'] }) => (
  <Scroll label="Schedules">
    <table>
      <thead>
        <tr>
          <th>schedule</th>
          <th>when</th>
          <th>next</th>
          <th>last</th>
          <th>job</th>
          <th>live</th>
        </tr>
      </thead>
      <tbody>
        {all.map((each) => (
          <Row key={each.id} {...each} />
        ))}
      </tbody>
    </table>
  </Scroll>
)

function Row({
  id,
  owner,
  cron,
  tz,
  everyMs,
  next,
  last,
  paused,
  job,
  live,
}: SchedulesNow['schedules'][number]) {
  return (
    <tr data-schedule={id}>
      <td>
        {id} <span class="dim">of {owner}</span>
      </td>
      <td>{cron === null ? `every ${duration(everyMs ?? 0)}` : `${cron} ${tz}`}</td>
      <td>{paused ? 'paused' : next === null ? 'never again' : momentText(next)}</td>
      <td>{last === null ? '' : momentText(last)}</td>
      <td>{job.kind}</td>
      <td>
        {live.slice(0, 3).map((jobId) => (
          <JobLink key={jobId} id={jobId} />
        ))}
        {live.length > 3 ? ` and ${live.length - 3} more` : ''}
      </td>
    </tr>
  )
}
