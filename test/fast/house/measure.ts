/** The figures of the house that need no run. */
import { type Import, type Syntax, syntaxOf } from './syntax.ts'
import { countWords, isIn, readSources, roomOf, type SourceFile, type Words } from './tree.ts'

/** Files of this many lines or fewer hold too little to be looked for by name. */
const TINY = 30
/** Files of this many lines or fewer may be part of the only file that imports them. */
const SMALL = 80
/** Nobody reads a longer file in one go. */
const LONG = 350

export interface Room {
  readonly room: string
  readonly files: number
  readonly lines: number
  readonly generated: number
}

export interface House {
  readonly rooms: readonly Room[]
  /** Files of 30 lines or fewer; of them, those that exactly one file imports. */
  readonly tiny: readonly string[]
  readonly tinyOfOne: readonly string[]
  /** Files of 80 lines or fewer that one file of the same folder alone imports. */
  readonly smallOfNeighbour: readonly string[]
  /** Hand-written files of more than 350 lines. */
  readonly long: readonly string[]
  /** Files that lead back to themselves by imports that are not of types only, in groups. */
  readonly circles: readonly (readonly string[])[]
  /** The same by all imports, where a group has files of several rooms. */
  readonly circlesOfRooms: readonly (readonly string[])[]
  /** Properties `on…` in the coordinator: how many are declared, with how many names, and how many are passed. */
  readonly callbacks: {
    readonly declared: number
    readonly names: readonly string[]
    readonly passed: number
  }
  /** Spreads of a literal, `...{ a, b }`. */
  readonly packed: number
  readonly words: Words
}

/** @param sources those of the repository unless given */
export function measureHouse(sources: readonly SourceFile[] = readSources()): House {
  const all = sources.map(syntaxOf)
  const files = all.filter(({ file }) => roomOf(file) !== undefined)
  const importers = importersOf(all)
  const onlyImporter = (file: string): string | undefined => {
    const those = importers.get(file) ?? []
    return those.length === 1 ? those[0] : undefined
  }
  const tiny = handWritten(files).filter(({ lines }) => lines <= TINY)
  const small = handWritten(files).filter(({ lines }) => lines <= SMALL)
  const isOfNeighbour = ({ file }: Syntax) => folderOf(onlyImporter(file) ?? '') === folderOf(file)
  const coordinator = files.filter(({ file }) => isIn('coordinator', file))
  const declared = coordinator.flatMap(({ declaredCallbacks }) => declaredCallbacks)
  return {
    rooms: roomsOf(files),
    tiny: tiny.map(nameOf),
    tinyOfOne: tiny.filter(({ file }) => onlyImporter(file) !== undefined).map(nameOf),
    smallOfNeighbour: small.filter(isOfNeighbour).map(nameOf),
    long: handWritten(files)
      .filter(({ lines }) => lines > LONG)
      .map(nameOf),
    circles: circlesOf(files, ({ kind }) => kind === 'value'),
    circlesOfRooms: circlesOf(files, () => true).filter((group) => new Set(group.map(roomOf)).size > 1),
    callbacks: {
      declared: declared.length,
      names: [...new Set(declared)].toSorted(),
      passed: sum(coordinator.map(({ passedCallbacks }) => passedCallbacks.length)),
    },
    packed: sum(files.map(({ packed }) => packed)),
    words: countWords(),
  }
}

const nameOf = ({ file }: Syntax): string => file
const handWritten = (files: readonly Syntax[]): readonly Syntax[] =>
  files.filter(({ isGenerated }) => !isGenerated)
const folderOf = (file: string): string => file.slice(0, file.lastIndexOf('/'))
const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0)

function roomsOf(files: readonly Syntax[]): readonly Room[] {
  const byRoom = Map.groupBy(files, ({ file }) => roomOf(file) ?? '')
  return [...byRoom].map(([room, those]) => ({
    room,
    files: those.length,
    lines: sum(handWritten(those).map(({ lines }) => lines)),
    generated: sum(those.filter(({ isGenerated }) => isGenerated).map(({ lines }) => lines)),
  }))
}

/** Who imports a file, in whatever way, by the file. */
function importersOf(all: readonly Syntax[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  for (const { file, imports } of all)
    for (const to of new Set(imports.map((one) => one.to))) found.set(to, [...(found.get(to) ?? []), file])
  return found
}

/** Groups of files each of which leads to every other of its group (Tarjan). */
function circlesOf(files: readonly Syntax[], counts: (one: Import) => boolean): string[][] {
  const next = new Map(
    files.map(({ file, imports }) => [file, imports.filter(counts).map(({ to }) => to)] as const),
  )
  const order = new Map<string, number>()
  const low = new Map<string, number>()
  const open: string[] = []
  const groups: string[][] = []
  const walk = (file: string): number => {
    const at = order.size
    order.set(file, at)
    low.set(file, at)
    open.push(file)
    for (const to of next.get(file) ?? []) {
      if (!order.has(to)) low.set(file, Math.min(low.get(file) ?? at, walk(to)))
      else if (open.includes(to)) low.set(file, Math.min(low.get(file) ?? at, order.get(to) ?? at))
    }
    if (low.get(file) === at) groups.push(open.splice(open.indexOf(file)))
    return low.get(file) ?? at
  }
  for (const { file } of files) if (!order.has(file)) walk(file)
  return groups.filter((group) => group.length > 1).map((group) => group.toSorted())
}
