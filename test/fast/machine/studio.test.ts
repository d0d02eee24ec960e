import { describe, expect, it } from 'vitest'
import type { AnyStateMachine } from 'xstate'
import { coordinatorMachine, jobMachine, machineDefinition, machineStudio } from '../../../machines/index.ts'

/** The module as somebody else's bundler would have it. */
async function imported(code: string): Promise<Record<string, AnyStateMachine>> {
  const resolved = code.replace(`'xstate'`, JSON.stringify(import.meta.resolve('xstate')))
  return import(`data:text/javascript,${encodeURIComponent(resolved)}`)
}

describe('the code for Stately Studio (machineStudio, machineDefinition)', () => {
  it.each([
    ['coordinatorMachine', coordinatorMachine],
    ['jobMachine', jobMachine],
  ] as const)('is a module with the same %s, whole', async (name, machine) => {
    const made = (await imported(machineStudio(machine)))[name]
    if (made === undefined) throw new Error(`it exports no ${name}`)
    expect(machineDefinition(made)).toEqual(machineDefinition(machine))
    expect(Object.keys(made.implementations.guards)).toEqual(Object.keys(machine.implementations.guards))
    expect(made.getInitialSnapshot({} as never, undefined).status).toBe('active')
  })
})
