import type { Profiler } from 'node:inspector'

/** Whose code a frame is, by the first of these that its file's path has. */
const layers: readonly (readonly [part: string, layer: string])[] = [
  ['/bench/', 'the bench itself'],
  ['/src/engine/worker/', 'worker'],
  ['/src/engine/coordinator/', 'coordinator'],
  ['/src/engine/core/', 'core: decide and fold'],
  ['/src/engine/events/', 'codec: check and encode'],
  ['/src/engine/store/', 'store'],
  ['/node_modules/pg', 'driver pg'],
  ['/node_modules/zod', 'zod'],
  ['/node_modules/rxjs', 'rxjs'],
  ['node:', 'Node.js: sockets, timers, promises'],
]

const native: Readonly<Record<string, string>> = {
  '(garbage collector)': 'garbage collection',
  '(idle)': 'idle: waiting for the database',
  '(program)': 'V8 itself',
}

export function layerOf({ functionName, url }: Profiler.ProfileNode['callFrame']): string {
  return (
    native[functionName] ??
    layers.find(([part]) => url.includes(part))?.[1] ??
    'Node.js: sockets, timers, promises'
  )
}
