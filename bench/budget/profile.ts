import { type Profiler, Session } from 'node:inspector/promises'
import { layerOf } from './layers.ts'

/** Frames that were on the stack together, from the outside in, and for how many microseconds. */
export interface Stack {
  readonly frames: readonly string[]
  readonly layer: string
  readonly micros: number
}

const EVERY_MICROS = 200

/** Runs the work, and says where this process spent its time meanwhile. */
export async function profiled(work: () => Promise<void>): Promise<readonly Stack[]> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: EVERY_MICROS })
  await session.post('Profiler.start')
  await work()
  const { profile } = await session.post('Profiler.stop')
  session.disconnect()
  return stacksOf(profile)
}

function stacksOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): readonly Stack[] {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parents = new Map(
    nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)),
  )
  const micros = new Map<number, number>()
  for (const [i, id] of samples.entries()) micros.set(id, (micros.get(id) ?? 0) + (timeDeltas[i] ?? 0))
  return [...micros].flatMap(([id, took]) => {
    const node = byId.get(id)
    if (node === undefined) return []
    const frames: string[] = []
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const frame = byId.get(at)?.callFrame
      if (frame !== undefined && frame.functionName !== '(root)') frames.unshift(nameOf(frame))
    }
    return [{ frames, layer: layerOf(node.callFrame), micros: took }]
  })
}

function nameOf({ functionName, url }: Profiler.ProfileNode['callFrame']): string {
  const file = url.split('/').slice(-2).join('/')
  return `${functionName === '' ? '(anonymous)' : functionName}${file === '' ? '' : ` · ${file}`}`
}
