import {
  type Command,
  type CommandBody,
  type Decision,
  decide,
  explainLive,
  hash,
  jobOf,
  type Ledger,
  type Micros,
  pauseOf,
  type WorkerFact,
} from '../../../engine/core/index.ts'
import type { PreviewDocument } from '../api/lever-documents.ts'
import type { Lever } from '../guard/grant.ts'
import { plainText } from './plain.ts'

/** Jobs that are listed with their place before and after. The rest are only counted. */
const MOST_NAMED = 50

export interface PreviewOf {
  readonly lever: Lever
  readonly actor: string
  readonly ledger: Ledger
  readonly now: Micros
  readonly workers: readonly WorkerFact[]
  readonly deadWorkers: ReadonlySet<string>
}

/** What the log would say, and which jobs would move. Appends nothing. */
export function previewOf(what: PreviewOf, body: CommandBody): PreviewDocument {
  const { lever, ledger } = what
  const decision = decided(what, body)
  const [result] = decision.results
  return {
    lever,
    preview: true,
    version: ledger.version,
    mark: markOf(ledger, body, decision),
    // These events come from the core and not from the codec; the written form is the same.
    events: JSON.parse(JSON.stringify(decision.events)),
    changed: decision.events.length > 0,
    refusal: result?.ok === false ? { code: result.code, message: result.message } : null,
    ...changesOf(what, decision),
  }
}

/** The decision about a lever. Nothing is appended. */
export function decided(
  {
    actor,
    ledger,
    now,
    deadWorkers = nobody,
  }: Pick<PreviewOf, 'actor' | 'ledger' | 'now'> & Partial<PreviewOf>,
  body: CommandBody,
): Decision {
  const command: Command = { id: `${actor}:preview`, hash: 0, workerId: `${actor}:preview`, body }
  return decide(ledger, [command], { now, deadWorkers })
}

/**
 * A short text that is the same as long as the log would say the same, of a job or a model that is as it was. Positions in line,
 * offers, and why a job has to wait are left out: on a busy queue they change all the time, whatever an operator does.
 */
export function markOf(ledger: Ledger, body: CommandBody, { events, results }: Decision): string {
  const own = events.filter(({ type }) => type !== 'conflict' && type !== 'blocked')
  const said = own.map((event) =>
    JSON.stringify(event, (key, value: unknown) => (passing.has(key) ? undefined : value)),
  )
  const [result] = results
  const refused = result?.ok === false ? result.code : ''
  return String(hash([refused, groundOf(ledger, body), ...said].join('\n')))
}

/** What is there already of what the command is about. */
function groundOf(ledger: Ledger, body: CommandBody): string {
  if ('model' in body) {
    const { reason, until, since } = pauseOf(ledger, body.model) ?? {}
    return JSON.stringify([reason, until, since])
  }
  if (!('jobId' in body)) return ''
  const { active, token, priority, cancelRequested } = jobOf(ledger, body.jobId) ?? {}
  return JSON.stringify([active, token, priority, cancelRequested])
}

const passing: ReadonlySet<string> = new Set([
  'seq',
  'at',
  'commandId',
  'commandHash',
  'workerId',
  'offers',
  'position',
])

const nobody: ReadonlySet<string> = new Set()

/** Which jobs get another position in line or another state, and which others may start. */
function changesOf(
  { ledger, now, workers }: PreviewOf,
  { ledger: after, touched }: Decision,
): Pick<PreviewDocument, 'says' | 'moves' | 'startable'> {
  const standing = (of: Ledger, jobId: string) => {
    const found = explainLive({ ledger: of, now, workers }, jobId)
    if (found === undefined) return null
    const { state, ahead, code, blockedBy } = found
    return { state, ahead, code, blockedBy }
  }
  const named = (jobIds: readonly string[]) => ({
    total: jobIds.length,
    jobs: jobIds
      .slice(0, MOST_NAMED)
      .map((jobId) => ({ jobId, before: standing(ledger, jobId), after: standing(after, jobId) })),
  })
  const moved = new Set(ledger === after ? [] : movedIn(ledger, after, touched))
  const isOffered = (of: Ledger, jobId: string) => (jobOf(of, jobId)?.offeredAt ?? null) !== null
  const startable = [...touched].filter(
    (jobId) => !moved.has(jobId) && isOffered(after, jobId) && !isOffered(ledger, jobId),
  )
  const running = [...touched].filter((jobId) => !moved.has(jobId) && jobOf(ledger, jobId)?.active)
  const says = plainText(ledger, after, [...moved, ...running])
  return { says, moves: named([...moved]), startable: named(startable) }
}

/** First those that the lever itself was about. */
function movedIn(before: Ledger, after: Ledger, touched: ReadonlySet<string>): readonly string[] {
  const positions = new Map([...before.line].map(({ jobId }, at) => [jobId, at]))
  const moved: string[] = []
  let at = 0
  for (const { jobId } of after.line) {
    if (positions.get(jobId) !== at++) moved.push(jobId)
    positions.delete(jobId)
  }
  const all = new Set([...positions.keys(), ...moved])
  const own = [...touched].filter((jobId) => all.has(jobId) || isElsewhere(before, after, jobId))
  return [...own, ...all]
}

/** It runs, waits beside the line or is gone where it was not so before. */
function isElsewhere(before: Ledger, after: Ledger, jobId: string): boolean {
  const [was, is] = [jobOf(before, jobId), jobOf(after, jobId)]
  if (was === undefined || is === undefined) return was !== is
  const sameTime = (was.dueAt === null) === (is.dueAt === null)
  return was.active !== is.active || was.held?.on !== is.held?.on || !sameTime
}
