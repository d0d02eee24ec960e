import { takesAll, takesSlot } from './job.ts'
import { ALL, type AuditedNeed, placesOf, type Sort } from './limits.ts'
import type { AuditedLines } from './lines.ts'
import { ownOf, sharesOf } from './needs.ts'
import type { AuditedStart } from './start.ts'
import type { AuditState } from './state.ts'
import type { Thing } from './thing.ts'
import type { AuditRule } from './violation.ts'

/** Was there room for the models, places and resources that it takes, beside those who had some of them? What its batch has it takes from nobody. */
export function checkRoom(state: AuditState, start: AuditedStart): void {
  if (!start.joins) checkEach(state, start, 'model')
  checkPlaces(state, start)
  checkEach(state, start, 'rate')
  checkEach(state, start, 'use')
}

/** The same of slots, which it shares with all others, or with those of its key. */
export function checkSlot(state: AuditState, { job, joins }: AuditedStart): void {
  const { stock } = state.lines
  if (!takesSlot(job)) return
  if (sharesOf(job).some((need) => !stock.hasRoom(need)))
    state.report(
      'fair_share',
      job.jobId,
      `as many jobs of ${job.spec.fairKey} were active as its share allows`,
    )
  const { holders, most, isWhole } = stock.of('slot', '')
  if (!joins && holders.size >= most)
    state.report('max_active', job.jobId, `${holders.size} were active, and the policy allows ${most}`)
  if (isWhole || (job.alone && holders.size > 0))
    state.report('alone', job.jobId, 'a job that must run alone did not run alone')
}

/** What is said of a start for which there was no room. */
const rules = {
  model: [
    'capacity',
    ({ holders, most }, { name, amount }) =>
      `${holders.size} held ${name}, ${amount === ALL ? 'all of which it takes' : `which has capacity ${most}`}`,
  ],
  rate: ['rate', (_, { name }) => `more jobs started on ${name} than its rate allows`],
  use: ['use', (_, { name }) => `more of ${name} was used or reserved than its limit allows`],
} satisfies Partial<Record<Sort, readonly [AuditRule, (thing: Thing, need: AuditedNeed) => string]>>

function checkEach(state: AuditState, { job, event, needs }: AuditedStart, sort: keyof typeof rules): void {
  const [rule, textOf] = rules[sort]
  for (const need of needs) {
    if (need.sort !== sort) continue
    const thing = state.lines.stock.of(need.sort, need.name)
    if (!thing.hasRoom(need.amount, 0, event.at))
      state.report(rule, job.jobId, textOf(thing, need), sort === 'use' ? undefined : need.name)
  }
}

/** A place is chosen, too. First come the models of which it takes all. */
function checkPlaces(state: AuditState, start: AuditedStart): void {
  const { job, joins, needs } = start
  const { stock } = state.lines
  const wholesFirst = (a: string, b: string) => Number(takesAll(job, b)) - Number(takesAll(job, a))
  const { models, whole } = job.spec
  for (const model of whole === undefined ? models : models.toSorted(wholesFirst)) {
    const isWhole = takesAll(job, model)
    const fault = faultOfChoice(state.lines, start, model, isWhole)
    if (fault !== undefined) state.report('place', job.jobId, fault, model)
    if (joins || (fault !== undefined && !isWhole)) continue
    for (const need of needs)
      if (need.model === model && !stock.hasRoom(need))
        state.report('place', job.jobId, whoIsThere(stock.of(need.sort, need.name), need, isWhole), model)
  }
}

/** It has to be one of the model, and open to its process, whoever else is there. */
function faultOfChoice(
  { aside, policy }: AuditedLines,
  { event }: AuditedStart,
  model: string,
  isWhole: boolean,
) {
  const place = ownOf(event.places ?? null, model)
  const listed = placesOf(policy, model)
  if (isWhole) return place === undefined ? undefined : 'it takes all of its places, and names one'
  if (place === undefined)
    return listed === undefined ? undefined : 'it does not say in which of its places it started'
  if (listed?.includes(place) !== true) return `${place} is no place of it`
  if (aside.paused.has(place)) return `its place ${place} was paused`
  return aside.servers.mayHave(event.workerId, place)
    ? undefined
    : `its process does not serve its place ${place}`
}

function whoIsThere(thing: Thing, { name, amount }: AuditedNeed, isWhole: boolean): string {
  const others = [...thing.holders.keys()]
  const unit = isWhole ? '' : thing.shortUnit(amount)
  if (unit === '') return `${isWhole ? others[0] : others.join(', ')} was in its place ${name}`
  const beside = others.length === 0 ? '' : ` beside ${others.join(', ')}`
  return `its place ${name} has less ${unit} than it needs${beside}`
}
