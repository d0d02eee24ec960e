import type { AnyStateMachine } from 'xstate'
import { checkMachine } from './transitions.ts'

/** A machine as plain JSON: what was passed to `createMachine`, with actions and guards by name. */
export type MachineDefinition = Readonly<Record<string, unknown>>

/**
 * The definition of a machine without its context and its code: XState's own format, which `createMachine` and the
 * tools of Stately read.
 */
export function machineDefinition(machine: AnyStateMachine): MachineDefinition {
  checkMachine(machine)
  const { context: _, ...definition } = machine.config
  return structuredClone(definition)
}
