/** The jobs of a flow: which come after which, and how each stands; and the text of a diagram of them. */
import {
  type JobOutcome,
  type Ledger,
  outcomeOf,
  type RecordedEvent,
  type Standing,
  standingOf,
} from '../../engine/core/index.ts'
import { checkCall } from '../../engine/events/index.ts'
import { opened } from '../history/access.ts'
import { orCut } from '../history/fold.ts'
import type { Access } from '../history/index.ts'
import { eachEvent } from '../history/read-events.ts'
import { explained } from './explain.ts'
import { lookAt } from './look.ts'

/** What `flow` gives: the document that `interlock flow --json` prints. */
export interface FlowDocument {
  /** Which queue. */
  readonly queue: string
  /** The job that was asked for. */
  readonly jobId: string
  /** The jobs of the flow, the nearest first: 500 at most. */
  readonly jobs: readonly FlowJob[]
  /** Which comes after which. */
  readonly links: readonly FlowLink[]
  /** False: it has more jobs than these. */
  readonly isWhole: boolean
}

/** A job of a flow. */
export interface FlowJob {
  /** Which job. */
  readonly jobId: string
  /** Of a live job how it stands, as `standing` of `explain` (`for_parents`, `running`, …); of any other how it ended (`completed`, `failed`, `cancelled`, `expired`); null: nobody knows. */
  readonly state: Standing | JobOutcome | null
}

/** One job comes after another. */
export interface FlowLink {
  /** The one that comes first. */
  readonly before: string
  /** The one that comes after it. */
  readonly after: string
  /** What becomes of the second if the first does not complete: `fail` or `continue`. */
  readonly ifFailed: 'fail' | 'continue'
}

/** How many jobs are looked at. */
const MOST_JOBS = 500
/** How far back in the log links of jobs that have ended are looked for. */
const MOST_EVENTS = 50_000

/**
 * The flow around a job: what it comes after, what comes after it, and so on from there, 500 jobs at most, the nearest first. Of live jobs all
 * links are known; of those that have ended, the links within the newest 50,000 events. Does not join the queue.
 * @param jobId its id, or the beginning of it if only one job has it
 * @throws InterlockError as `explain`
 * @example console.log(flowMermaid(await flow({ store }, 'film')))
 */
export async function flow(given: Access, jobId: string): Promise<FlowDocument> {
  const access = opened(given)
  checkCall('flow', jobId)
  const { explanation } = await explained(access, jobId)
  const { ledger } = await lookAt(access)
  const { version } = ledger
  const graph = new FlowGraph()
  const after = await orCut(access, Math.max(0, version - MOST_EVENTS))
  await eachEvent(access, 'searched', (event) => graph.see(event), { after, upTo: version })
  graph.overlay(ledger)
  return { queue: access.queue, jobId: explanation.jobId, ...graph.around(explanation.jobId) }
}

/** Which job comes after which, as the log says it; and what the ledger knows of those that are live. */
class FlowGraph {
  /** By child, then by parent: whether it goes on whatever becomes of that. */
  readonly #parents = new Map<string, Map<string, boolean>>()
  readonly #children = new Map<string, Set<string>>()
  readonly #states = new Map<string, FlowJob['state']>()

  see(event: RecordedEvent): void {
    if (!('jobId' in event)) return
    if (event.type === 'queued') this.#forget(event.jobId)
    if (event.type === 'linked')
      for (const parent of event.after) this.#link(event.jobId, parent, event.goesOn === true, event.outcome)
    const outcome = outcomeOf(event)
    if (outcome !== null) this.#states.set(event.jobId, outcome)
  }

  overlay(ledger: Ledger): void {
    for (const { jobId, open, ended } of ledger.flows) {
      for (const parent of ended) this.#link(jobId, parent.jobId, parent.goesOn, parent.outcome)
      for (const parent of open) this.#link(jobId, parent.jobId, parent.goesOn)
    }
    for (const job of ledger.jobs) this.#states.set(job.jobId, standingOf(job))
  }

  /** The nearest first. */
  around(jobId: string): Pick<FlowDocument, 'jobs' | 'links' | 'isWhole'> {
    const found = new Set([jobId])
    let isWhole = true
    for (const at of found)
      for (const other of [...this.#parentsOf(at).keys(), ...(this.#children.get(at) ?? [])]) {
        if (found.size < MOST_JOBS) found.add(other)
        else isWhole &&= found.has(other)
      }
    const links = [...found].flatMap((after) =>
      [...this.#parentsOf(after)]
        .filter(([before]) => found.has(before))
        .map(([before, goesOn]): FlowLink => ({ before, after, ifFailed: goesOn ? 'continue' : 'fail' })),
    )
    const jobs = [...found].map((id) => ({ jobId: id, state: this.#states.get(id) ?? null }))
    return { jobs, links, isWhole }
  }

  readonly #parentsOf = (jobId: string): ReadonlyMap<string, boolean> => this.#parents.get(jobId) ?? new Map()

  #link(child: string, parent: string, goesOn: boolean, outcome?: JobOutcome): void {
    this.#parents.set(child, (this.#parents.get(child) ?? new Map()).set(parent, goesOn))
    this.#children.set(parent, (this.#children.get(parent) ?? new Set()).add(child))
    if (outcome !== undefined) this.#states.set(parent, outcome)
  }

  /** It has a new life, with links of its own. */
  #forget(jobId: string): void {
    for (const parent of this.#parentsOf(jobId).keys()) this.#children.get(parent)?.delete(jobId)
    this.#parents.delete(jobId)
    this.#states.delete(jobId)
  }
}

/** States alike look alike. */
const looks: Readonly<Record<string, string>> = {
  running: 'fill:#dbeafe,stroke:#2563eb,color:#1e3a8a',
  completed: 'fill:#dcfce7,stroke:#16a34a,color:#14532d',
  failed: 'fill:#fee2e2,stroke:#dc2626,color:#7f1d1d',
  stopped: 'fill:#f3f4f6,stroke:#6b7280,color:#374151',
  waiting: 'fill:#fef9c3,stroke:#ca8a04,color:#713f12',
}

function lookOf(state: FlowJob['state']): string {
  if (state === 'running' || state === 'cancelling' || state === 'detached') return 'running'
  if (state === 'completed' || state === 'failed') return state
  return state === null || state === 'cancelled' || state === 'expired' ? 'stopped' : 'waiting'
}

/** What would be read as a part of the diagram or of HTML stands as its number. */
const quoted = (text: string): string =>
  `"${text.replace(/[^\p{L}\p{N} ._:/-]/gu, (character) => `#${character.codePointAt(0)};`)}"`

/**
 * A flow as a diagram in Mermaid's language: a box for each job with its state, an arrow to each job that comes after it, dotted where that
 * goes on whatever becomes of the first.
 * @throws InterlockError `invalid_input` for what is no flow
 */
export function flowMermaid(flow: Pick<FlowDocument, 'jobs' | 'links'>): string {
  checkCall('flowMermaid', flow)
  const { jobs, links } = flow
  const names = new Map(jobs.map(({ jobId }, nth) => [jobId, `j${nth}`]))
  const used = new Set(jobs.map(({ state }) => lookOf(state)))
  return [
    'flowchart LR',
    ...jobs.map(
      ({ jobId, state }) =>
        `  ${names.get(jobId)}[${quoted(`${jobId}: ${state ?? 'unknown'}`)}]:::${lookOf(state)}`,
    ),
    ...links.map(
      ({ before, after, ifFailed }) =>
        `  ${names.get(before)} ${ifFailed === 'fail' ? '-->' : '-.->'} ${names.get(after)}`,
    ),
    ...Object.entries(looks)
      .filter(([look]) => used.has(look))
      .map(([look, style]) => `  classDef ${look} ${style}`),
  ].join('\n')
}
