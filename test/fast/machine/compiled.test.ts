import fs from 'node:fs'
import { describe, expect, it } from 'vitest'
import { assign, setup } from 'xstate'
import { compileJobLaw, compileQueueLaw, lawModule } from '../../../machines/compile.ts'
import { coordinatorMachine, jobMachine } from '../../../machines/index.ts'
import { jobLaw, queueLaw } from '../../../src/engine/core/fold/law/table.ts'
import { emptyLedger, type Ledger } from '../../../src/engine/core/index.ts'
import { mutantOf } from './mutants.ts'

describe('the table of the law', () => {
  it('is what the machines say now: `npm run generate -- law` writes it', () => {
    const written = new URL('../../../src/engine/core/fold/law/table.ts', import.meta.url)
    expect(squeezed(fs.readFileSync(written, 'utf8'))).toBe(squeezed(lawModule()))
    expect(queueLaw).toEqual(compileQueueLaw(coordinatorMachine))
    expect(jobLaw).toEqual(compileJobLaw(jobMachine))
  })

  it('asks XState: the first guard that holds, inner states before outer, the initial state inside', () => {
    expect(queueLaw.running.completed).toEqual(['running', 'idle', 'running'])
    expect(queueLaw.running.drain_requested).toBe('draining.emptying')
    expect(queueLaw['draining.drained'].queued).toBe('draining.drained')
    expect(jobLaw.running['failed stale']).toBeUndefined()
    expect(jobLaw.cancelling.cancel_requested).toBe('cancelling')
  })

  it('cannot be made of a guard that asks the ledger for more than the number of active jobs', () => {
    const curious = setup({
      types: { context: {} as { readonly ledger: Ledger } },
      actions: { evolve: assign({}) },
      guards: { isDue: ({ context }) => context.ledger.undue.size === 0 },
    }).createMachine({
      context: { ledger: emptyLedger },
      initial: 'idle',
      states: {
        idle: { on: { started: { guard: 'isDue' } } },
        running: {},
        draining: states('emptying', 'drained'),
      },
    })
    expect(() => compileQueueLaw(curious)).toThrow('asks the ledger for undue')
  })

  it('cannot be made when states that the ledger cannot tell apart accept different events', () => {
    const mutant = mutantOf(jobMachine, (config) => {
      delete config.states?.['ended']?.on?.['bypassed']
    })
    expect(() => compileJobLaw(mutant)).toThrow('states in which the job is not live')
  })
})

const squeezed = (text: string): string =>
  text.replaceAll(/[\s']/g, '').replaceAll(',]', ']').replaceAll(/,}/g, '}')

function states(...names: readonly string[]) {
  return { initial: names[0] ?? '', states: Object.fromEntries(names.map((name) => [name, {}])) }
}
