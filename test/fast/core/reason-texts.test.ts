import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { jobFaults, ownerText, reasonCodes } from '../../../src/engine/core/index.ts'

const view = readFileSync(new URL('../../../migrations/parts/62_positions.sql', import.meta.url), 'utf8')
/** The sentence for each code, as far as SQL says a code at all. */
const said = /'reason', case why\.code\n(?<cases>.*?)\n *else /s.exec(view)?.groups?.['cases'] ?? ''
const inSql = [...said.matchAll(/^ *when '(\w+)' then (?:case when own\.is_in then )?'([^']+)'/gm)]

it('SQL tells the owner of a job the same as a process, word by word', () => {
  expect(inSql.length).toBeGreaterThan(12)
  const codes = [...reasonCodes, ...jobFaults]
  expect(inSql.map(([, code, text]) => [code, text])).toEqual(
    inSql.map(([, code]) => [code, ownerText(codes.find((one) => one === code) ?? 'offered')]),
  )
  expect(said.match(/^ *when /gm)).toHaveLength(inSql.length)
})
