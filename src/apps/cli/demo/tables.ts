import type { LogStore } from '../../../engine/store/index.ts'
import { clip, models } from '../../../tools/format/index.ts'
import { eventDetail } from '../../../tools/format/parts.ts'
import { inLineOrder } from '../../../tools/history/parts.ts'
import { table } from '../terminal/table.ts'
import type { Narrator } from './narrator.ts'

const TAIL = 4

/** Shows what the three tables contain at this moment. */
export async function showTables(narrator: Narrator, store: LogStore, queue: string): Promise<void> {
  const { dim } = narrator.frame.colors
  const projection = await store.projection(queue)
  if (projection === null) return
  const { state, jobs } = projection
  const small = (head: readonly string[], rows: readonly (readonly (string | number)[])[]) =>
    table(head, rows, { heading: dim, indent: '      ' })
  const active = state.active_job_id ?? 'null'
  narrator.say(['', dim('    job_queue_state')])
  narrator.say(
    small(
      ['status', 'active_job_id', 'active_models', 'waiting_count'],
      [[state.status, active, clip(models(state.active_models), 36), state.waiting_count]],
    ),
  )
  if (jobs.length > 0) {
    narrator.say(dim('    job_queue_jobs'))
    const rows = jobs
      .toSorted(inLineOrder)
      .map((job) => [
        job.job_id,
        job.state,
        job.blocked_by_job_id ?? 'null',
        clip(job.conflict_reason?.split(':')[0] ?? 'null', 30),
      ])
    narrator.say(small(['job_id', 'state', 'blocked_by_job_id', 'conflict_reason'], rows))
  }
  narrator.say(dim('    job_queue_log, its end'))
  const { events } = await store.read(queue, Math.max(0, state.version - TAIL), TAIL)
  const rows = events.map((event) => [
    event.seq,
    event.type,
    'jobId' in event ? event.jobId : '',
    clip(event.type === 'started' ? `start ${event.attempt}` : eventDetail(event), 40),
  ])
  narrator.say(small(['seq', 'event_type', 'job_id', ''], rows))
}
