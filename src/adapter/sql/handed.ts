import * as z from 'zod'
import type { CommandBody, DataChange } from '../../core/index.ts'
import type { HandedIn } from '../../port/index.ts'

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

/** A command of a newer release that this one cannot read is left to its sender. */
export const handed = z.array(z.unknown()).transform((rows) =>
  rows.flatMap((one) => {
    const read = row.safeParse(one)
    return read.success ? [read.data] : []
  }),
)
