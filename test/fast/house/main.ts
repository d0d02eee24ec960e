/** `npm run house`: how much there is to hold in one's head. */
import { parseArgs } from 'node:util'
import type { Calls } from './calls.ts'
import { figuresOf, keep, roomsTable, tableOf } from './figures.ts'
import { type House, measureHouse } from './measure.ts'

const HELP = `Counts the house: files and lines of each room, files that are too small or too long, circles, callbacks, words,
and the files and functions of src that one call enters.

  npm run house -- [--static] [--list] [--json] [--keep]

  --static  without the calls, which need 20 s and start a PostgreSQL
  --list    names the files and properties that are counted
  --json    one JSON document, with all names
  --keep    keeps the figures in test/fast/house/baseline.json and in docs/inside/architecture.md; later ones are held against them
  --help

An importer is a file of src or machines, for types as well. A file that a program writes begins with "// Made by" and counts apart.
Callbacks are properties whose name begins with "on" and a capital: declared in types and classes, passed in object literals.
A circle is of files that import values of each other. Calls: after one that warms up, what each of three enters, with V8's precise
coverage, until nothing of src runs any more.
`

const { values } = parseArgs({
  options: {
    static: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) console.log(HELP)
else await main()

async function main(): Promise<void> {
  const house = measureHouse()
  const calls = values.static ? undefined : await (await import('./calls.ts')).measureCalls()
  const figures = figuresOf(house, calls)
  if (values.keep) keep(house, figures)
  if (values.json) return console.log(JSON.stringify({ figures, house, calls }, null, 2))
  console.log(`${roomsTable(house)}\n\n${tableOf(figures, process.stdout.hasColors?.() === true)}`)
  if (values.list) for (const [what, names] of listsOf(house, calls)) tell(what, names)
}

function tell(what: string, names: readonly string[]): void {
  if (names.length > 0) console.log(`\n${what}:\n  ${names.join('\n  ')}`)
}

function listsOf(house: House, calls: Calls | undefined): readonly [string, readonly string[]][] {
  const groups = [...house.circles, ...house.circlesOfRooms].map((group) => group.join(' '))
  const entered = [...(calls?.postgres ?? [])].map(({ call, files }): [string, readonly string[]] => [
    `${call} on PostgreSQL enters`,
    files,
  ])
  return [
    ['files of 30 lines or fewer that one file imports', house.tinyOfOne],
    ['files of 80 lines or fewer that one file of their folder alone imports', house.smallOfNeighbour],
    ['files of more than 350 lines, written by hand', house.long],
    ['circles', groups],
    ['properties declared in the coordinator', house.callbacks.names],
    ...entered,
  ]
}
