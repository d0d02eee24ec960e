import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createMachine } from 'xstate'
import {
  coordinatorMachine,
  jobMachine,
  machineDefinition,
  machineMermaid,
  statesOf,
  transitionsOf,
} from '../../../machines/index.ts'
import { guardMeanings, guardsOf, page, pageFile } from './page.ts'

const machines = [
  ['coordinator', coordinatorMachine],
  ['job', jobMachine],
] as const

describe('docs/inside/state-machines.md (machineMermaid, statesOf, transitionsOf)', () => {
  it('is what the machines say: else run npm run generate -- law', () => {
    expect(readFileSync(pageFile, 'utf8')).toBe(page())
  })

  it('explains every guard, and no other', () => {
    const guards = machines.flatMap(([, machine]) => guardsOf(machine))
    expect(Object.keys(guardMeanings).sort()).toEqual([...guards].sort())
  })
})

describe.each(machines)('the machine %s', (_, machine) => {
  it('says of every state and every arrow what it means', () => {
    const silent = [...statesOf(machine), ...transitionsOf(machine)].filter(
      ({ description }) => description === '',
    )
    expect(silent).toEqual([])
  })

  it('is drawn with every state and every arrow that leads somewhere', () => {
    const drawing = machineMermaid(machine)
    for (const { path } of statesOf(machine)) expect(drawing).toContain(path.replaceAll('.', '_'))
    for (const { source, event, target } of transitionsOf(machine)) {
      if (target === null) continue
      const arrow = `${source} --> ${target}: `.replaceAll('.', '_')
      const line = drawing.split('\n').find((text) => text.trim().startsWith(arrow))
      expect(line).toContain(event)
    }
  })

  it('comes back from its JSON as it was', () => {
    const json = JSON.stringify(machineDefinition(machine))
    expect(json).not.toContain('context')
    const again = createMachine(JSON.parse(json))
    expect(transitionsOf(again)).toEqual(transitionsOf(machine))
    expect(statesOf(again)).toEqual(statesOf(machine))
    expect(machineMermaid(again)).toBe(machineMermaid(machine))
  })
})
