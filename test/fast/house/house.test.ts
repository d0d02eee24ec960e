import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { Exports } from './exports.ts'
import { measureHouse } from './measure.ts'
import type { SourceFile } from './tree.ts'

describe('the list of what is exported', () => {
  const linesOf = (files: Readonly<Record<string, string>>) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'interlock-exports-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    for (const [file, text] of Object.entries(files)) writeFileSync(path.join(folder, file), text)
    const exports = new Exports()
    exports.add('.', path.join(folder, 'index.d.ts'))
    return exports.text().split('\n')
  }
  const inner =
    'interface Size { readonly wide: number }\nexport interface Box { size: Size }\nexport interface Lid { box: Box }'
  const first = () => linesOf({ 'index.d.ts': "export * from './a.js'", 'a.d.ts': inner })

  it('stays when a declaration moves to another file', () => {
    expect(linesOf({ 'index.d.ts': "export * from './b.js'", 'b.d.ts': inner })).toEqual(first())
  })

  it('prints what is not exported itself, once, where an exported name leads to it', () => {
    const after = linesOf({ 'index.d.ts': inner.replace('wide', 'high') })
    const then = first()
    expect(after.filter((line, at) => line !== then[at])).toEqual([
      'interface Size { readonly high: number }',
    ])
    expect(then).toEqual(expect.arrayContaining(['.', '  Box', 'interface Box { size: Size }']))
  })
})

/** A house of these files. */
function houseOf(files: Readonly<Record<string, string>>) {
  const sources = Object.entries(files).map(
    ([file, text]): SourceFile => ({
      ...{ file, text, lines: text.split('\n').length, isGenerated: text.startsWith('// Made by ') },
    }),
  )
  return measureHouse(sources)
}

const lines = (count: number): string => '\n'.repeat(count - 1)

describe('the house', () => {
  it('has rooms on floors, and such as stand beside them', () => {
    const { rooms } = houseOf({
      'src/index.ts': lines(3),
      'src/beside/a.ts': lines(4),
      'src/engine/core/deep/a.ts': lines(5),
      'src/engine/core/values/table.ts': `// Made by a program${lines(6)}`,
      'machines/a.ts': lines(7),
    })
    expect(rooms).toEqual([
      { room: 'index.ts', files: 1, lines: 3, generated: 0 },
      { room: 'beside', files: 1, lines: 4, generated: 0 },
      { room: 'engine/core', files: 2, lines: 5, generated: 6 },
    ])
  })

  it('says which small files one file alone imports', () => {
    const { tiny, tinyOfOne, smallOfNeighbour, long } = houseOf({
      'src/a/index.ts': `import './tiny.ts'\nimport type { B } from './small.ts'\nimport '../b/shared.ts'${lines(400)}`,
      'src/a/tiny.ts': `import '../b/shared.ts'${lines(29)}`,
      'src/a/small.ts': `import '../b/far.ts'${lines(80)}`,
      'src/b/shared.ts': lines(10),
      'src/b/far.ts': lines(30),
    })
    expect(tiny).toEqual(['src/a/tiny.ts', 'src/b/shared.ts', 'src/b/far.ts'])
    expect(tinyOfOne).toEqual(['src/a/tiny.ts', 'src/b/far.ts'])
    expect(smallOfNeighbour).toEqual(['src/a/tiny.ts', 'src/a/small.ts'])
    expect(long).toEqual(['src/a/index.ts'])
  })

  it('finds circles of values, and those of types through several rooms', () => {
    const { circles, circlesOfRooms } = houseOf({
      'src/a/1.ts': "import { x } from './2.ts'",
      'src/a/2.ts': "export * from './3.ts'",
      'src/a/3.ts': "import { type T, v } from './1.ts'",
      'src/a/4.ts': "import type { U } from './5.ts'",
      'src/a/5.ts': "import { type V } from './4.ts'\nexport type { W } from '../b/6.ts'",
      'src/b/6.ts': "export type X = import('../a/4.ts').U\nconst later = () => import('../a/1.ts')",
    })
    expect(circles).toEqual([['src/a/1.ts', 'src/a/2.ts', 'src/a/3.ts']])
    expect(circlesOfRooms).toEqual([['src/a/4.ts', 'src/a/5.ts', 'src/b/6.ts']])
  })

  it('counts properties that call back, and no methods', () => {
    const { callbacks } = houseOf({
      'src/engine/coordinator/a.ts':
        'interface A { readonly onEnd: () => void; onJobStart(): void; once: 1 }\nconst a = { onEnd: () => {}, onLost() {}, ...{ b: 1 } }',
      'src/engine/core/a.ts': 'interface A { readonly onEnd: () => void }',
    })
    expect(callbacks).toEqual({ declared: 1, names: ['onEnd'], passed: 2 })
  })
})
