import {
  type Command,
  type CommandBody,
  decide,
  explainJob,
  type HasWorker,
  type Ledger,
  type Micros,
} from '../../core/index.ts'
import type { PreviewDocument } from '../api/lever-documents.ts'
import type { Lever } from '../guard/grant.ts'

/** Jobs that are listed with their place before and after. The rest are only counted. */
const MOST_NAMED = 50

export interface PreviewOf {
  readonly lever: Lever
  readonly actor: string
  readonly ledger: Ledger
  readonly now: Micros
  readonly hasWorker: HasWorker
  readonly deadWorkers: ReadonlySet<string>
}

/** What the log would say, and which jobs would move. Appends nothing. */
export function previewOf(what: PreviewOf, body: CommandBody): PreviewDocument {
  const { lever, actor, ledger, now, deadWorkers } = what
  const command: Command = { id: `${actor}:preview`, hash: 0, workerId: `${actor}:preview`, body }
  const decision = decide(ledger, [command], { now, deadWorkers })
  const [result] = decision.results
  const refusal = result?.ok === false ? { code: result.code, message: result.message } : null
  return {
    lever,
    preview: true,
    version: ledger.version,
    // These events come from the core and not from the codec; the written form is the same.
    events: JSON.parse(JSON.stringify(decision.events)),
    changed: decision.events.length > 0,
    refusal,
    moves: movesOf(what, decision.ledger, decision.touched),
  }
}

function movesOf(
  { ledger, now, hasWorker }: PreviewOf,
  after: Ledger,
  touched: ReadonlySet<string>,
): PreviewDocument['moves'] {
  const moved = ledger === after ? [] : [...new Set([...touched, ...movedIn(ledger, after)])]
  const standing = (of: Ledger, jobId: string) => {
    const found = explainJob(of, jobId, now, hasWorker)
    if (found === undefined) return null
    const { state, position, code, blockedBy } = found
    return { state, position, code, blockedBy }
  }
  const jobs = moved
    .slice(0, MOST_NAMED)
    .map((jobId) => ({ jobId, before: standing(ledger, jobId), after: standing(after, jobId) }))
  return { total: moved.length, jobs }
}

/** Jobs whose position in line changes, in line order. */
function movedIn(before: Ledger, after: Ledger): readonly string[] {
  const positions = new Map([...before.line].map(({ jobId }, at) => [jobId, at]))
  const moved: string[] = []
  let at = 0
  for (const { jobId } of after.line) {
    if (positions.get(jobId) !== at++) moved.push(jobId)
    positions.delete(jobId)
  }
  return [...positions.keys(), ...moved]
}
