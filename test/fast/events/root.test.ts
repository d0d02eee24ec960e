/** The functions of the package itself and of `/machine` that one may call with anything: they refuse it by a typed error, never by a TypeError. */
import { expect, it } from 'vitest'
import * as machine from '../../../machines/index.ts'
import { InterlockError, type RecordedEvent } from '../../../src/engine/core/index.ts'
import * as root from '../../../src/index.ts'
import { given } from '../../support/scenario.ts'

const queue = given({ maxActive: 1 })
queue.enqueue('a', ['m'], {}, { claim: { max: 1, kinds: null } })
const [first] = queue.log
const { emptyLedger } = root

const wrong: readonly unknown[] = [
  ...[undefined, null, 5, 0, Number.NaN, 1e300, 5n, 'x', '', '\u001b[2J\n', true, false, Symbol('s')],
  ...[
    Promise.resolve({}),
    [],
    [1],
    [null],
    {},
    { jobs: {} },
    { type: 'queued' },
    new Date(Number.NaN),
    () => {},
  ],
  // Of a log, but for a part.
  { seq: 1, at: 1, type: 'queued' },
  { seq: 1, at: 1, type: 'queued', jobId: 'a' },
  { ...first, spec: null },
  { ...first, seq: 'x' },
]

type Call = (value: unknown) => unknown
const calls: Readonly<Record<string, Call>> = {
  'evolve, ledger': (value) => root.evolve(value as never, first as RecordedEvent),
  'evolve, event': (value) => root.evolve(emptyLedger, value as never),
  'fold, ledger': (value) => root.fold(value as never, queue.log),
  'fold, events': (value) => root.fold(emptyLedger, value as never),
  'fold, an event': (value) => root.fold(emptyLedger, [value] as never),
  'replay, events': (value) => root.replay(value as never),
  'replay, an event': (value) => root.replay([value] as never),
  'providerError, response': (value) => root.providerError(value as never),
  'providerError, headers': (value) => root.providerError({ status: 429, headers: value as never }),
  'providerError, options': (value) => root.providerError({ status: 429 }, value as never),
  'stateOn, ledger': (value) => machine.stateOn(value as never),
  'ledgerSnapshot, ledger': (value) => machine.ledgerSnapshot(value as never),
  'new CoordinatorActor, ledger': (value) => new machine.CoordinatorActor(value as never),
  'feed, event': (value) => new machine.CoordinatorActor().feed(value as never),
  'restore, ledger': (value) => new machine.CoordinatorActor().restore(value as never),
  'subscribe, listener': (value) => new machine.CoordinatorActor().subscribe(value as never),
  'check, snapshot': (value) => machine.check(value as never, first as RecordedEvent),
  'check, event': (value) => machine.check(machine.ledgerSnapshot(emptyLedger), value as never),
  'machineDefinition, machine': (value) => machine.machineDefinition(value as never),
  'machineMermaid, machine': (value) => machine.machineMermaid(value as never),
  'machineStudio, machine': (value) => machine.machineStudio(value as never),
  'statesOf, machine': (value) => machine.statesOf(value as never),
  'transitionsOf, machine': (value) => machine.transitionsOf(value as never),
}

it.each(Object.entries(calls))('%s', (_, call) => {
  for (const value of wrong) {
    let error: unknown
    try {
      call(value)
    } catch (thrown) {
      error = thrown
    }
    if (error !== undefined) expect(error, String(JSON.stringify(error))).toBeInstanceOf(InterlockError)
  }
})

it('every function is looked at', () => {
  const names = Object.keys(calls).map((call) => call.split(/[ ,]+/)[call.startsWith('new ') ? 1 : 0])
  const functions = Object.entries(machine).flatMap(([name, value]) =>
    typeof value === 'function' ? [name] : [],
  )
  expect(functions.filter((name) => !names.includes(name))).toEqual([])
})

it('what they are given is named', () => {
  expect(() => root.fold(null as never, [])).toThrow(/^ledger: must be a ledger/)
  expect(() => root.fold(emptyLedger, [first, null] as never)).toThrow(/^events\[1\]: must be an event/)
  expect(() => root.replay(5 as never)).toThrow(/^events: must be the events of a log/)
  expect(() => machine.machineMermaid({} as never)).toThrow(/^machine: must be a state machine/)
  expect(() => root.providerError(null as never)).toThrow(/^response: must be an answer over HTTP/)
})

it('a message of an error has no control characters, also of a text that a user wrote', () => {
  const text = 'a\u001b[2J\u0007\nb\u2028c\u202ed'
  const { message, details } = new InterlockError('invalid_input', `job ${text} is not there`, { path: text })
  for (const said of [message, details.path])
    expect(said).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u)
  expect(message).toBe('job a\\u001b[2J\\u0007\\nb\\u2028c\\u202ed is not there')
})
