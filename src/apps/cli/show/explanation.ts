import type { Explanation, StartsIn } from '../../../engine/core/index.ts'
import { plural, startText, timeText } from '../../../tools/format/index.ts'
import { operatorText } from '../../../tools/history/operators.ts'
import type { Frame } from '../frame.ts'
import { grid } from '../terminal/grid.ts'
import { facts } from '../terminal/table.ts'

/** `veo by ada on db-7 at 14:03:07.012Z: interlock pause veo`. */
function pausedBy(
  model: string,
  { who, since }: NonNullable<Explanation['models'][number]['paused']>,
): string {
  const typed = who?.command == null ? '' : `: ${who.command}`
  return `${model}${who === null ? '' : ` by ${operatorText(who)}`} at ${timeText(since)}${typed}`
}

/** `failed twice (handler_error: provider said 503), next try at 14:03:07.012Z, attempt 3 of 5`. */
function failedText({ failed, state, code, until }: Explanation, message: string | null): string {
  if (failed === null) return ''
  const { times, attempts } = failed
  const often = ['', 'once', 'twice'][times] ?? `${times} times`
  const error = `${failed.code}${message === null ? '' : `: ${message.split('\n')[0]}`}`
  const next = `attempt ${times + 1} of ${attempts}`
  const then = {
    active: `, ${next} runs`,
    waiting:
      code === 'not_due' && until !== null
        ? `, next try at ${timeText(until)}, ${next}`
        : `, ${next} is next`,
  }
  return `failed ${often} (${error})${state === 'active' || state === 'waiting' ? then[state] : ''}`
}

/** What else is said of a job. */
interface Beside {
  /** Of the error of its last attempt. */
  readonly message?: string | null
  readonly starts?: StartsIn
}

/** What is with a job, for people. */
export function explanationText(
  frame: Frame,
  found: Explanation,
  { message = null, starts }: Beside = {},
): readonly string[] {
  const { dim, bold } = frame.colors
  const rows: [string, string][] = [
    ['job', `${bold(found.jobId)}, ${found.state}${found.code === null ? '' : ` (${found.code})`}`],
    ['why', found.reason],
  ]
  if (found.failed !== null) rows.push(['tries', failedText(found, message)])
  if (found.since !== null) rows.push(['since', timeText(found.since)])
  if (found.ahead !== null) rows.push(['position', `${found.ahead} ahead in the line of the queue`])
  if (found.state === 'waiting' && starts != null) rows.push(['starts', startText(starts)])
  if (found.chain.length > 0) rows.push(['waits for', found.chain.slice(0, 5).join(' ← ')])
  if (found.overtaken > 0) rows.push(['overtaken', `${found.overtaken} times`])
  for (const { model, paused } of found.models)
    if (paused?.who != null) rows.push(['paused', pausedBy(model, paused)])
  rows.push(['to do', found.whatHasToHappen])
  rows.push(...found.also.map((text, at): [string, string] => [at === 0 ? 'also' : '', text]))
  if (found.models.length === 0) return facts(rows, dim)
  const standing = found.models.map(({ model, capacity, holders, ahead, place }) => [
    place == null ? model : `${model} (${place})`,
    place === undefined
      ? `${holders.length} of ${capacity}`
      : `${holders.length} on ${plural(capacity, 'place')}`,
    holders.join(', ') || '—',
    ahead,
  ])
  const give = { model: 20, 'held by': 36 }
  const heads = ['model', 'in use', 'held by', 'ahead']
  return [...facts(rows, dim), '', ...grid(frame, heads, standing, { heading: dim, right: [3], give })]
}
