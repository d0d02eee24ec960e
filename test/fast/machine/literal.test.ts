/** Stately Studio and its editor extension read the source: what they cannot read they do not show. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseAst } from 'vitest/node'
import { coordinatorMachine, jobMachine } from '../../../machines/index.ts'

type Node = Readonly<Record<string, unknown>>

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value

function nodesIn(value: unknown): readonly Node[] {
  if (Array.isArray(value)) return value.flatMap(nodesIn)
  if (!isNode(value)) return []
  return [value, ...Object.values(value).flatMap(nodesIn)]
}

/** The argument of `setup({…}).createMachine(argument)`; fails unless there is exactly one such call. */
function configIn(file: string): Node {
  const text = readFileSync(path.join(import.meta.dirname, '../../../machines', file), 'utf8')
  const calls = nodesIn(parseAst(text, { lang: 'ts' })).filter(isCreateMachineCall)
  expect(calls).toHaveLength(1)
  const [config, ...others] = calls.flatMap((call) => call['arguments'] as readonly Node[])
  expect(others).toEqual([])
  if (config === undefined) throw new Error(`${file} gives createMachine nothing`)
  return config
}

function isCreateMachineCall({ type, callee }: Node): boolean {
  if (type !== 'CallExpression' || !isNode(callee) || callee['type'] !== 'MemberExpression') return false
  const { object, property } = callee
  return isNode(property) && property['name'] === 'createMachine' && isSetupCall(object)
}

function isSetupCall(node: unknown): boolean {
  if (!isNode(node) || node['type'] !== 'CallExpression' || !isNode(node['callee'])) return false
  const [argument] = node['arguments'] as readonly Node[]
  return node['callee']['name'] === 'setup' && argument?.['type'] === 'ObjectExpression'
}

const isNull = (value: unknown): boolean =>
  isNode(value) && value['type'] === 'Literal' && value['value'] === null

/** The value that is written there; throws at whatever has to be computed. */
function literal(node: unknown): unknown {
  if (!isNode(node)) throw new Error('a hole')
  if (isNull(node)) return null
  switch (node['type']) {
    case 'Literal':
      return node['value']
    case 'ArrayExpression':
      return (node['elements'] as readonly unknown[]).map(literal)
    case 'ObjectExpression':
      return Object.fromEntries((node['properties'] as readonly Node[]).map(entry))
    default:
      throw new Error(`${node['type']} is not a literal`)
  }
}

function entry({ type, computed, shorthand, key, value }: Node): readonly [string, unknown] {
  if (type !== 'Property' || computed === true || shorthand === true || !isNode(key)) {
    throw new Error(`${type} in place of a plain property`)
  }
  const name = String(key['name'] ?? key['value'])
  return [name, name === 'context' ? undefined : literal(value)]
}

const withoutContext = (config: object) => ({ ...config, context: undefined })

describe('the definitions of the machines', () => {
  it.each([
    ['coordinator.machine.ts', coordinatorMachine],
    ['job.machine.ts', jobMachine],
  ])('%s is one call of setup({…}).createMachine({…}), written out', (file, machine) => {
    expect(literal(configIn(file))).toEqual(withoutContext(machine.config))
  })

  it.each([
    ['a spread', '({ ...rest })'],
    ['a computed name', '({ [name]: 1 })'],
    ['a name for a value', '({ on })'],
    ['a call', '({ on: events() })'],
    ['a spread in a list', '({ on: [...arrows] })'],
  ])('would not be read with %s', (_, text) => {
    const [object] = nodesIn(parseAst(text, { lang: 'ts' })).filter(({ type }) => type === 'ObjectExpression')
    expect(() => literal(object)).toThrow()
  })

  it.each([
    ['coordinator', coordinatorMachine],
    ['job', jobMachine],
  ])('%s does nothing but evolve: no invoke, no delay, no entry or exit', (_, machine) => {
    const text = JSON.stringify(withoutContext(machine.config))
    for (const word of ['invoke', 'after', 'entry', 'exit', 'always'])
      expect(text).not.toContain(`"${word}":`)
    expect(Object.keys(machine.implementations.actions)).toEqual(['evolve'])
    expect(machine.implementations.actors).toEqual({})
    expect(machine.implementations.delays).toEqual({})
  })
})
