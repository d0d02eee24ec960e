import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition } from 'xstate'
import { invalidInput } from '../src/engine/core/index.ts'

/** One arrow of a statechart. */
export interface Transition {
  /** The path of the state that declares it, such as `draining.emptying`; empty for the machine itself. */
  readonly source: string
  readonly event: string
  /** The guard that has to be true, by name; null: none. The arrows of one event are tried in order. */
  readonly guard: string | null
  /** Where it leads, as declared (entering a state with inner states enters the initial one); null: nowhere. */
  readonly target: string | null
  readonly description: string
}

/** A state of a statechart, with or without inner states. */
export interface State {
  /** Empty for the machine itself. */
  readonly path: string
  readonly description: string
  /** The path of the inner state that is entered first; null: there is none. */
  readonly initial: string | null
}

/** The states of a machine, outer before inner, in the order of its definition. */
export function statesOf(machine: AnyStateMachine): readonly State[] {
  checkMachine(machine)
  return nodesOf(machine.root).map((node) => {
    const initial = node.initial?.target[0]
    return {
      path: pathOf(node),
      description: node.description ?? '',
      initial: initial === undefined ? null : pathOf(initial),
    }
  })
}

/** Every arrow of a machine, in the order of its definition. */
export function transitionsOf(machine: AnyStateMachine): readonly Transition[] {
  checkMachine(machine)
  return nodesOf(machine.root).flatMap((node) => [...node.transitions.values()].flat().map(transition))
}

/** @throws InterlockError `invalid_input` for what is no machine */
export function checkMachine(machine: unknown): asserts machine is AnyStateMachine {
  const { root, config, implementations } = Object(machine)
  if ([root, config, implementations].every((part) => typeof part === 'object' && part !== null)) return
  throw invalidInput('machine: must be a state machine, such as coordinatorMachine', 'machine')
}

function transition(arrow: AnyTransitionDefinition): Transition {
  const target = arrow.target?.[0]
  return {
    source: pathOf(arrow.source),
    event: arrow.eventType,
    guard: typeof arrow.guard === 'string' ? arrow.guard : null,
    target: target === undefined ? null : pathOf(target),
    description: arrow.description ?? '',
  }
}

function nodesOf(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(nodesOf)]
}

const pathOf = (node: AnyStateNode): string => node.path.join('.')
