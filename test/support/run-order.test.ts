import { existsSync } from 'node:fs'
import path from 'node:path'
import { expect, it } from 'vitest'
import { interleaved, named } from './run-order.ts'

const tests = path.resolve(import.meta.dirname, '..')
const fileOf = (name: string) => ({ moduleId: path.join(tests, `${name}.test.ts`) })

it('knows only files that are there', () => {
  expect(named.map(fileOf).filter(({ moduleId }) => !existsSync(moduleId))).toEqual([])
})

it('begins with what takes longest, and puts others between those that wait', () => {
  const others = Array.from({ length: 40 }, (_, n) => fileOf(`some/other-${n}`))
  const waiting = [fileOf('process/killed'), fileOf('contract/clock'), fileOf('supabase/cut')]
  const quick = fileOf('bench/quick')
  const sorted = interleaved([...others, ...waiting, quick])
  expect(new Set(sorted)).toEqual(new Set([...others, ...waiting, quick]))
  expect(sorted.slice(0, 2)).toEqual([quick, fileOf('process/killed')])
  const [killed = 0, cut = 0, clock = 0] = ['process/killed', 'supabase/cut', 'contract/clock'].map((name) =>
    sorted.findIndex(({ moduleId }) => moduleId === fileOf(name).moduleId),
  )
  expect(cut - killed).toBeGreaterThan(10)
  expect(clock - cut).toBeGreaterThan(10)
})
