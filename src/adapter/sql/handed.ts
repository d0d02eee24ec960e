import * as z from 'zod'
import type { CommandBody, DataChange } from '../../core/index.ts'
import type { Decider, HandedIn, Handings, HeardCommands } from '../../port/index.ts'
import { jsonOf } from './parse-answer.ts'

const bodies: Readonly<Record<CommandBody['type'], true>> = {
  enqueue: true,
  ask: true,
  take_up: true,
  bypass: true,
  unask: true,
  claim: true,
  complete: true,
  fail: true,
  release: true,
  detach: true,
  cancel: true,
  confirm_cancel: true,
  expire_leases: true,
  reprioritize: true,
  set_policy: true,
  pause_model: true,
  resume_model: true,
  drain: true,
  resume: true,
  recover: true,
  void: true,
  tick: true,
}

/** The process that handed it in has checked it. Only processes that may append can hand in. */
const body = z.custom<CommandBody>((value) =>
  Object.hasOwn(bodies, String((value as CommandBody | null)?.type)),
)

const handing = z.object({
  command: z.object({
    id: z.string(),
    hash: z.int(),
    workerId: z.string(),
    claim: z.object({ max: z.int(), kinds: z.array(z.string()).nullable() }).exactOptional(),
    body,
  }),
  data: z.array(z.custom<DataChange>()).exactOptional(),
  answerTo: z.string().exactOptional(),
})

const row = z
  .object({ sender: z.string(), command: handing })
  .transform(({ command, ...from }): HandedIn => ({ ...from, ...command }))

/** In bytes; a notification has room for 8,000. */
const MOST_TOLD = 7_900

/**
 * What the process that decides is told of commands, in one notification on its address; undefined: they do not fit into one.
 * @param answerTo the address of their sender
 */
export function noteOf(
  queue: string,
  { decider }: Decider,
  { sender, commands, afterMs }: Handings,
  answerTo: string,
): string | undefined {
  const rows = commands.map((command) => ({ sender, command: { ...command, answerTo } }))
  const note = JSON.stringify({ queue, decider, afterMs, handed: rows })
  return Buffer.byteLength(note) > MOST_TOLD ? undefined : note
}

/** The same as the process that decides hears it; undefined: it is something else. */
export function commandsIn(note: string): (HeardCommands & { readonly queue: string }) | undefined {
  if (!note.startsWith('{')) return undefined
  const read = told.safeParse(jsonOf(note))
  if (!read.success) return undefined
  return { ...read.data, handed: read.data.handed.map((one) => ({ ...one, isTold: true })) }
}

/** A command of a newer release that this one cannot read is left to its sender. */
export const handed = z.array(z.unknown()).transform((rows) =>
  rows.flatMap((one) => {
    const read = row.safeParse(one)
    return read.success ? [read.data] : []
  }),
)

const told = z.object({ queue: z.string(), decider: z.string(), afterMs: z.number(), handed })
