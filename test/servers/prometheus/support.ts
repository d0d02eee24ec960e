import { spawn } from 'node:child_process'
import path from 'node:path'
import { expect } from 'vitest'
import { madeOnce } from '../../support/once.ts'

/** A sample of an exposition: its name with its labels, as it stands there, and its value. */
export type Figures = ReadonlyMap<string, number>

/** What an exposition says. A line that is neither a comment nor a sample is a fault. */
export function figuresIn(text: string): Figures {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => {
      const [, name = '', value = ''] = /^(.+) (\S+)$/.exec(line) ?? []
      expect(value, line).not.toBe('')
      return [name, Number(value.replace('+Inf', 'Infinity'))]
    }),
  )
}

/** What promtool says, on whatever it was given. Its words are the test's if it refuses something. */
export async function promtool(words: readonly string[], input = ''): Promise<string> {
  const command = path.join(await madeOnce('prometheus'), 'promtool')
  const child = spawn(command, words, { stdio: ['pipe', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text))
  child.stdin.end(input)
  const code = await new Promise((resolve) => child.once('close', resolve))
  return code === 0 && said.trim() === '' ? 'fine' : `${code}: ${said}`
}
