/** Writes docs/inside/state-machines.md from the machines themselves: `npm run generate -- law`. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AnyStateMachine } from 'xstate'
import {
  coordinatorMachine,
  jobMachine,
  machineMermaid,
  type State,
  statesOf,
  type Transition,
  transitionsOf,
} from '../../../machines/index.ts'

export const pageFile = join(import.meta.dirname, '../../../docs/inside/state-machines.md')

/** What each guard asks. A guard that is not named here fails the test of the page. */
export const guardMeanings: Readonly<Record<string, string>> = {
  endsLastAttempt: 'an attempt ends, and it is the only one that is active',
  endsAttempt: 'an attempt ends: the event names its fencing token',
  isOfWaitingJob: 'the job was waiting: the event names no fencing token',
  isAnyJobActive: 'jobs are active',
  isNoJobActive: 'no job is active',
  isAfterOthers: 'the job comes after others: its spec has `after`',
  isForLater: 'the event names a time to start that is still to come',
  isOfAttempt: 'the event names the fencing token of the running attempt',
  isOfAttemptAndFinal: 'the same, and no other attempt follows (`final`)',
  isOfAttemptNotFinal: 'the same, and another attempt follows',
  isWithoutAttempt: 'the event names no fencing token',
}

export function page(): string {
  return `# State machines

<!-- Generated: change the machines, then run \`npm run generate -- law\`. -->

Two statecharts in [XState](https://stately.ai/docs/xstate) say which event may happen to a queue and to a job, and in which state:
[\`machines/coordinator.machine.ts\`](../../machines/coordinator.machine.ts) and [\`machines/job.machine.ts\`](../../machines/job.machine.ts).

**The running code obeys them.** \`npm run generate -- law\` compiles them into a table (\`src/engine/core/fold/law/table.ts\`). Every event of \`job_queue_log\` passes this table
when it is decided, when it is read, and in replay, verify and rebuild. If you change an arrow, you change what the coordinator does ([why](decisions/core.md)).

**They find a changed log.** An event that the state does not accept is refused with \`corrupt_log\` and its sequence number. The same happens to an event that the ledger contradicts: a gap in the numbers, a stale fencing token, a model that is taken. An event of an unknown type is refused with \`unknown_event\`.

**Look at them** with \`interlock machine --format mermaid\` or \`--format json\`; \`--format studio\` prints code for Stately Studio (_Import from code_). The XState extension of VS Code opens
the two files. \`interlock inspect\` shows a queue in Stately's inspector, replayed or live ([the log](log.md#seeing-the-machine-run)).

A label \`event [guard]\` means that the event leads there if the guard holds. Of several arrows for one event, the first whose guard holds is taken.

${section('A queue', ofQueue, coordinatorMachine)}
${section('A job', ofJob, jobMachine)}`
}

const ofQueue = `The status in \`job_queue_state\` is the state of this machine. \`drained\` is appended with the last end.`

const ofJob = `The ledger has live jobs only (\`waiting\` or \`active\`). The rest of a job's life is in the log.`

function section(title: string, intro: string, machine: AnyStateMachine): string {
  return `## ${title}

${intro}

\`\`\`mermaid
${machineMermaid(machine)}\`\`\`

### States

${rows(['state', 'what it means'], statesOf(machine).slice(1).map(stateRow))}

### Which event is accepted where

Where it leads, by state; \`·\` stays, empty: refused.

${matrix(machine)}

### Arrows

${rows(['state', 'event', 'if', 'leads to', 'what happened'], transitionsOf(machine).map(arrowRow))}

${rows(
  ['guard', 'holds if'],
  guardsOf(machine).map((guard) => [`\`${guard}\``, guardMeanings[guard] ?? '']),
)}
`
}

const stateRow = ({ path, description }: State) => [`\`${path}\``, description]

const arrowRow = ({ source, event, guard, target, description }: Transition) => [
  source === '' ? '_every_' : `\`${source}\``,
  `\`${event}\``,
  guard === null ? '' : `\`${guard}\``,
  target === null ? '·' : `\`${target}\``,
  description,
]

/** The guards of a machine, in the order in which they are met. */
export function guardsOf(machine: AnyStateMachine): readonly string[] {
  return [...new Set(transitionsOf(machine).flatMap(({ guard }) => guard ?? []))]
}

function matrix(machine: AnyStateMachine): string {
  const states = columnsOf(machine)
  const events = [...new Set(transitionsOf(machine).map(({ event }) => event))]
  return rows(
    ['event', ...states.map((state) => `\`${state}\``)],
    events.map((event) => [`\`${event}\``, ...states.map((state) => cell(machine, state, event))]),
  )
}

/** States inside of which no arrow makes a difference; the ends of a job are one column. */
function columnsOf(machine: AnyStateMachine): readonly string[] {
  const sources = transitionsOf(machine).map(({ source }) => source)
  const paths = statesOf(machine).map(({ path }) => path)
  const hasColumns = (path: string) => sources.some((source) => source.startsWith(`${path}.`))
  const isInside = (path: string) => paths.some((outer) => path.startsWith(`${outer}.`) && !hasColumns(outer))
  return paths.filter((path) => path !== '' && !hasColumns(path) && !isInside(path))
}

function cell(machine: AnyStateMachine, state: string, event: string): string {
  const targets = arrowsFrom(machine, state, event).map(({ target }) =>
    target === null ? '·' : `\`${target}\``,
  )
  return [...new Set(targets)].join(' or ')
}

/** Inner states are asked first; an arrow without a guard is the last to be looked at. */
function arrowsFrom(machine: AnyStateMachine, state: string, event: string): readonly Transition[] {
  const parts = state.split('.')
  const outwards = [...parts.map((_, i) => parts.slice(0, parts.length - i).join('.')), '']
  const all = outwards.flatMap((path) =>
    transitionsOf(machine).filter((arrow) => arrow.source === path && arrow.event === event),
  )
  const last = all.findIndex(({ guard }) => guard === null)
  return last === -1 ? all : all.slice(0, last + 1)
}

function rows(head: readonly string[], body: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...body.map(line)].join('\n')
}

if (import.meta.main) writeFileSync(pageFile, page())
