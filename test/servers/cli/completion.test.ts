/** Completions and the manual page are made of the commands themselves. */
import { execFileSync } from 'node:child_process'
import { beforeAll, describe, expect, it } from 'vitest'
import { commandNames } from '../docs/cli-page.ts'
import { fileWith, interlock } from './support.ts'

const printed = async (...words: readonly string[]) => {
  const { code, stdout, stderr } = await interlock(words)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
}

/** The commands, and the help page of each, are asked for once. */
let names: readonly string[] = []
beforeAll(async () => {
  names = await commandNames()
})
const helpPages = new Map<string, Promise<string>>()

/** The options that the help page of a command names, but for those of every command. */
async function optionsOf(name: string): Promise<readonly string[]> {
  const page = helpPages.get(name) ?? printed(...name.split(' '), '--help')
  helpPages.set(name, page)
  const help = await page
  const own = help.slice(help.indexOf('\nOptions:'), help.indexOf('\nGlobal Options:'))
  return [...own.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, flag = '']) => flag)
}

describe('interlock completion', () => {
  let script = ''
  beforeAll(async () => {
    script = await fileWith('interlock.bash', await printed('completion', 'bash'))
  })

  /** What bash proposes for the last of these words. */
  const proposed = (...words: readonly string[]) => {
    const program = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _interlock; printf "%s\\n" "\${COMPREPLY[@]}"`
    return execFileSync('bash', ['-c', program, 'bash', script, 'interlock', ...words], { encoding: 'utf8' })
      .split('\n')
      .filter(Boolean)
  }

  it('proposes every command, and all its options', async () => {
    const top = names.filter((name) => !name.includes(' '))
    expect(proposed('')).toEqual(expect.arrayContaining([...top]))
    for (const name of names)
      expect(proposed(...name.split(' '), '--'), name).toEqual(
        expect.arrayContaining([...(await optionsOf(name))]),
      )
  })

  it('goes by what was typed before', () => {
    expect(proposed('can')).toEqual(['cancel'])
    expect(proposed('policy', 's')).toEqual(['show', 'set'])
    expect(proposed('--url', 'pglite:here', 'policy', 'set', '--max')).toContain('--max-active')
    expect(proposed('cancel', 'status', '--fo')).toEqual(['--force'])
    expect(proposed('cancel', 'report')).toEqual([])
  })

  it.each(['zsh', 'fish'])('knows as much in %s', async (shell) => {
    const text = await printed('completion', shell)
    for (const name of names) {
      expect(text).toContain(name.split(' ').at(-1))
      for (const flag of await optionsOf(name))
        expect(text).toContain(shell === 'fish' ? `-l ${flag.slice(2)} ` : flag)
    }
  })

  it('names the shells that there are', async () => {
    expect(await interlock(['completion', 'csh'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('bash or zsh or fish'),
    })
  })
})

describe('interlock man', () => {
  it('has every command and its options', async () => {
    const read = (await printed('man')).replaceAll('\\-', '-')
    for (const name of names) {
      expect(read).toContain(`.SS interlock ${name}\n`)
      for (const flag of await optionsOf(name)) expect(read).toContain(flag)
    }
  })
})
