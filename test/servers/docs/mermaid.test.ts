/** What can be told about a diagram without a browser: its kind, its brackets, and that its arrows have two ends. */
import { describe, expect, it } from 'vitest'
import { type Block, blocksOf, pages } from './markdown.ts'

const diagrams = pages.flatMap((page) => blocksOf(page).filter(({ info }) => info === 'mermaid'))

const pairs = { '(': ')', '[': ']', '{': '}' } as const

/** Brackets outside of quoted texts that are not closed in the right order; null when all are. */
function unbalanced({ code }: Block): string | null {
  const open: string[] = []
  for (const character of code.replace(/"[^"\n]*"/g, '').replace(/^\s*%%.*$/gm, '')) {
    if (character in pairs) open.push(pairs[character as keyof typeof pairs])
    else if (')]}'.includes(character) && open.pop() !== character) return character
  }
  return open.at(-1) ?? null
}

const arrow = /(?:-->|---|-\.->|==>|->>|-->>|->|--x|--)/

function looseArrows({ code }: Block): readonly string[] {
  const lines = code.split('\n').filter((line) => !line.trim().startsWith('%%'))
  return lines.filter((line) => {
    // Without its texts and the label on it, an arrow that leads nowhere has nothing behind it.
    const bare = line.replace(/"[^"\n]*"/g, '""').replace(/\|[^|]*\|/g, '')
    const match = arrow.exec(bare)
    if (bare.includes('|')) return true
    if (match === null) return false
    const [before, after] = [bare.slice(0, match.index), bare.slice(match.index + match[0].length)]
    return before.trim() === '' || after.trim() === ''
  })
}

describe('the diagrams', () => {
  it('are there', () => {
    expect(diagrams.length).toBeGreaterThan(1)
  })

  it.each(diagrams.map((block) => [`${block.file}:${block.line}`, block] as const))('%s', (_, block) => {
    expect(block.code).toMatch(/^(flowchart (TD|LR|TB)|stateDiagram-v2|sequenceDiagram)\n/)
    expect(unbalanced(block)).toBeNull()
    expect(looseArrows(block)).toEqual([])
    const opened = block.code.match(/^\s*(subgraph|loop|alt|opt|par|critical) /gm)?.length ?? 0
    expect(block.code.match(/^\s*end$/gm)?.length ?? 0).toBe(opened)
  })
})
