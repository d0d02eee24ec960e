import type { AnyStateMachine } from 'xstate'
import { type State, statesOf, type Transition, transitionsOf } from './transitions.ts'

/**
 * Draws a machine as a Mermaid state diagram (`stateDiagram-v2`), which GitHub shows as a picture. Events that every
 * state accepts without leaving stand in a comment at the top: as arrows they would hide all others.
 *
 * @example
 * ```ts
 * import { coordinatorMachine, machineMermaid } from 'interlock-queue/machine'
 *
 * console.log(machineMermaid(coordinatorMachine))
 * ```
 */
export function machineMermaid(machine: AnyStateMachine): string {
  const transitions = transitionsOf(machine)
  const chart = { states: statesOf(machine), transitions }
  const everywhere = transitions.filter(({ source }) => source === '').map(({ event }) => event)
  const lines = [
    'stateDiagram-v2',
    ...(everywhere.length === 0 ? [] : [`%% every state accepts, and stays: ${everywhere.join(', ')}`]),
    ...inside('', chart),
    ...arrows(transitions.filter(({ source }) => source !== '')),
  ]
  return `${lines.join('\n')}\n`
}

interface Chart {
  readonly states: readonly State[]
  readonly transitions: readonly Transition[]
}

/**
 * The states directly inside `path`, and which one is entered first, unless every arrow names the inner state that it leads to.
 */
function inside(path: string, chart: Chart): string[] {
  const outer = chart.states.find((state) => state.path === path)
  const inner = chart.states.filter((state) => state.path !== '' && parentOf(state.path) === path)
  const isEntered = path === '' || chart.transitions.some(({ target }) => target === path)
  const begin = isEntered && typeof outer?.initial === 'string' ? [`[*] --> ${idOf(outer.initial)}`] : []
  return [...begin, ...inner.flatMap((state) => declaration(state, chart))].map((line) => `  ${line}`)
}

function declaration({ path, initial }: State, chart: Chart): string[] {
  const named = `state "${nameOf(path)}" as ${idOf(path)}`
  return initial === null ? [named] : [`${named} {`, ...inside(path, chart), '}']
}

/** One arrow for all events that lead from one state to the same next one. */
function arrows(transitions: readonly Transition[]): string[] {
  const labels = new Map<string, Set<string>>()
  for (const { source, event, guard, target } of transitions) {
    const ends = `${idOf(source)} --> ${idOf(target ?? source)}`
    const label = guard === null ? event : `${event} [${guard}]`
    labels.set(ends, (labels.get(ends) ?? new Set()).add(label))
  }
  return [...labels].map(([ends, events]) => `  ${ends}: ${[...events].join('<br/>')}`)
}

const parentOf = (path: string): string => path.split('.').slice(0, -1).join('.')
const nameOf = (path: string): string => path.split('.').at(-1) ?? path
/** Ids are global in Mermaid, and a state named like a keyword of Mermaid would break the diagram. */
const idOf = (path: string): string => path.replaceAll('.', '_')
