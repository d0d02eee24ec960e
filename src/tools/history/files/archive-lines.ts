import { open, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { indexAt, indexSchema, TAIL } from './archive-format.ts'

const plain = promisify(gunzip)

/** Blocks kept in memory, for readers that go in order and are a page or two apart. */
const KEPT = 3

/** The lines of an archive file, of any format. */
export interface ArchiveLines {
  /** The header line, if the file has one. */
  readonly header: string | null
  /** How many events there should be, if that is known without reading them. */
  readonly count: number | null
  /** Lines of events from number `index` on (the first is 0): at least one, if there is one. */
  from(index: number): Promise<readonly string[]>
}

/** Opens a file by its index. Reads it whole if it has none: an older file, or one that was compressed again. */
export async function openLines(name: string): Promise<ArchiveLines> {
  const end = await endOf(name)
  return end === null ? wholeLines(await readFile(name)) : blockLines(name, end.index, end.indexAt)
}

/** Reads some bytes of a file, and closes it again. */
async function bytesOf(name: string, from: number, to: number): Promise<Buffer> {
  const handle = await open(name, 'r')
  try {
    const bytes = Buffer.alloc(to - from)
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, from)
    return bytes.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

async function endOf(name: string) {
  const handle = await open(name, 'r')
  const { size } = await handle.stat().finally(() => handle.close())
  const at = size < TAIL ? null : indexAt(await bytesOf(name, size - TAIL, size))
  if (at === null || at > size - TAIL) return null
  const { index } = indexSchema.parse(JSON.parse((await plain(await bytesOf(name, at, size))).toString()))
  return { index, indexAt: at }
}

async function blockLines(
  name: string,
  index: readonly (readonly [number, number])[],
  end: number,
): Promise<ArchiveLines> {
  const recent = new Map<number, Promise<readonly string[]>>()
  const read = async (from: number, to: number) => linesOf(await plain(await bytesOf(name, from, to)))
  const block = (nth: number): Promise<readonly string[]> => {
    const lines = recent.get(nth) ?? read(index[nth]?.[1] ?? end, index[nth + 1]?.[1] ?? end)
    recent.delete(nth)
    recent.set(nth, lines)
    for (const old of recent.keys()) if (recent.size > KEPT) recent.delete(old)
    return lines
  }
  const [header = ''] = await read(0, index[0]?.[1] ?? end)
  const first = index[0]?.[0] ?? 1
  const places = index.map(([seq]) => seq - first)
  return {
    header,
    count: null,
    from: async (at) => {
      const nth = places.findLastIndex((place) => place <= at)
      return nth < 0 ? [] : (await block(nth)).slice(at - (places[nth] ?? 0))
    },
  }
}

/** @param bytes compressed or not */
async function wholeLines(bytes: Buffer): Promise<ArchiveLines> {
  const text = bytes[0] === 0x1f ? await plain(bytes) : bytes
  const lines = [0]
  for (let at = text.indexOf(10); at >= 0; at = text.indexOf(10, at + 1)) lines.push(at + 1)
  const lineAt = (nth: number) => text.toString('utf8', lines[nth], (lines[nth + 1] ?? 1) - 1)
  const header = lineAt(0).startsWith('{"interlock"') ? lineAt(0) : null
  const skipped = header === null ? 0 : 1
  const last = lines.length > 1 && lineAt(lines.length - 2).startsWith('{"index"') ? 1 : 0
  const count = lines.length - 1 - skipped - last
  return {
    header,
    count,
    from: async (at) =>
      Array.from({ length: Math.max(0, Math.min(1_000, count - at)) }, (_, i) => lineAt(skipped + at + i)),
  }
}

const linesOf = (text: Buffer): readonly string[] => text.toString().split('\n').slice(0, -1)
