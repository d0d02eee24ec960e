/** The figures of the house beside those that are kept, as rows of Markdown: the page of the architecture has the same. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { styleText } from 'node:util'
import baseline from './baseline.json' with { type: 'json' }
import type { Calls } from './calls.ts'
import type { House } from './measure.ts'
import { root } from './tree.ts'

/** Of every one it holds: less is better. */
export type Figures = Readonly<Record<string, number>>

const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0)

export function figuresOf(house: House, calls: Calls | undefined): Figures {
  const { rooms, callbacks, words } = house
  return {
    'files of `src`': sum(rooms.map(({ files }) => files)),
    'lines of `src` written by hand': sum(rooms.map(({ lines }) => lines)),
    'lines of `src` written by programs': sum(rooms.map(({ generated }) => generated)),
    'files of 30 lines or fewer': house.tiny.length,
    'files of 30 lines or fewer that one file imports': house.tinyOfOne.length,
    'files of 80 lines or fewer that one file of their folder alone imports': house.smallOfNeighbour.length,
    'files of more than 350 lines, written by hand': house.long.length,
    'circles of files': house.circles.length,
    'circles through several rooms, types included': house.circlesOfRooms.length,
    'properties `on…` declared in the coordinator': callbacks.declared,
    'different names of these': callbacks.names.length,
    'properties `on…` passed in the coordinator': callbacks.passed,
    'spreads of a literal in `src`': house.packed,
    'words of the README': words.readme,
    'words of the pages': words.pages,
    'words of the decisions': words.decisions,
    ...(calls === undefined ? {} : figuresOfCalls(calls)),
  }
}

function figuresOfCalls({ memory, postgres }: Calls): Figures {
  const rows = [
    { store: 'in memory', calls: memory },
    { store: 'on PostgreSQL', calls: postgres },
  ].flatMap(({ store, calls }) =>
    calls.flatMap(({ call, files, functions }): [string, number][] => [
      [`${call} ${store}: files`, files.length],
      [`${call} ${store}: functions`, functions.length],
    ]),
  )
  return Object.fromEntries(rows)
}

const kept: Figures = baseline.figures

/** @param isTerminal in colours: green what has become less, red what has become more */
export function tableOf(figures: Figures, isTerminal: boolean): string {
  const rows = Object.entries(figures).map(([what, now]) => {
    const before = kept[what]
    const tone = before === undefined || now === before ? undefined : now < before ? 'green' : 'red'
    const text = `| ${what} | ${now} | ${before ?? ''} |`
    return isTerminal && tone !== undefined ? styleText(tone, text) : text
  })
  return ['| | now | kept |', '| --- | ---: | ---: |', ...rows].join('\n')
}

export function roomsTable({ rooms }: House): string {
  const rows = rooms.map(
    ({ room, files, lines, generated }) => `| \`${room}\` | ${files} | ${lines + generated} |`,
  )
  return ['| room of `src/` | files | lines |', '| --- | ---: | ---: |', ...rows].join('\n')
}

const page = path.join(root, 'docs/inside/architecture.md')
const section = /(<!-- npm run house -->\n).*?(<!-- end -->)/s

/** Keeps the figures as what later ones are held against, and puts them into the page of the architecture. */
export function keep(house: House, figures: Figures): void {
  const document = { ...baseline, figures }
  writeFileSync(path.join(import.meta.dirname, 'baseline.json'), `${JSON.stringify(document, null, 2)}\n`)
  const rows = Object.entries(figures).map(([what, now]) => `| ${what} | ${now} |`)
  const table = ['| figure | |', '| --- | ---: |', ...rows].join('\n')
  const text = readFileSync(page, 'utf8')
  writeFileSync(page, text.replace(section, `$1\n${roomsTable(house)}\n\n${table}\n\n$2`))
}
