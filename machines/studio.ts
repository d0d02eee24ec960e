import type { AnyStateMachine } from 'xstate'
import { machineDefinition } from './definition.ts'
import { checkMachine } from './transitions.ts'

/**
 * A machine as a module that stands by itself: to paste into Stately Studio ("Import from code"), into its editor
 * extension, or to run. Guards and actions are there by name; what they do belongs to the ledger and stays here.
 *
 * @example
 * ```ts
 * import { coordinatorMachine, machineStudio } from 'interlock-queue/machine'
 *
 * console.log(machineStudio(coordinatorMachine))
 * ```
 */
export function machineStudio(machine: AnyStateMachine): string {
  checkMachine(machine)
  const { actions, guards } = machine.implementations
  const stubs = (names: readonly string[], body: string) =>
    names.map((name) => `    ${JSON.stringify(name)}: ${body},`).join('\n')
  return [
    `import { setup } from 'xstate'`,
    '',
    `export const ${machine.id}Machine = setup({`,
    `  actions: {\n${stubs(Object.keys(actions), '() => {}')}\n  },`,
    `  guards: {\n${stubs(Object.keys(guards), '() => true')}\n  },`,
    `}).createMachine(${JSON.stringify(machineDefinition(machine), null, 2)})`,
    '',
  ].join('\n')
}
