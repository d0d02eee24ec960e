import * as z from 'zod'
import {
  type CommandBody,
  type DataChange,
  type Json,
  overlapRules,
  type ParentChoice,
  type ScheduleRule,
  type ScheduleWish,
} from '../../core/index.ts'
import { policySchema, specShape } from '../../events/index.ts'
import type { PublishedCommand } from '../index.ts'

/** A schema for every field that there is. One that is forgotten here does not compile. */
type ShapeOf<Whole> = { readonly [Field in keyof Required<Whole>]: z.ZodType }
type BodyOf<Type, Body = CommandBody> = Body extends { readonly type: infer Own }
  ? Type extends Own
    ? Omit<Body, 'type'>
    : never
  : never

const text = z.string()
const texts = z.array(text)
const whole = z.int()
const time = z.int().nullable()
const flag = z.literal(true).exactOptional()
const jobType = z.literal(['normal', 'workflow'])
const amounts = z.record(text, z.number())
const uses = amounts.exactOptional()

const spec = z.strictObject(specShape(() => true))

const rule = z.strictObject({
  cron: text.exactOptional(),
  tz: text,
  everyMs: whole.exactOptional(),
  upTo: whole,
  withinMs: time,
  overlap: z.enum(overlapRules),
  job: z.strictObject(specShape(({ ofSchedule }) => ofSchedule === true)),
} satisfies ShapeOf<ScheduleRule>)

const parent = z.strictObject({ job: text, goesOn: flag } satisfies ShapeOf<ParentChoice>)
const links = z.array(z.strictObject({ jobId: text, after: z.array(parent) })).exactOptional()
const attempt = { jobId: text, token: whole, epoch: whole.exactOptional() }
const end = {
  jobId: text,
  token: whole.nullable(),
  epoch: whole.exactOptional(),
  jobType: jobType.exactOptional(),
  used: uses,
}
const wish = z.strictObject({
  id: text,
  rule,
  next: time,
  absentAt: whole.exactOptional(),
} satisfies ShapeOf<ScheduleWish>)

const shapes = {
  enqueue: {
    specs: z.array(spec),
    intake: flag,
    again: flag,
    lives: z.array(whole).exactOptional(),
    links,
    submissions: z.array(whole).exactOptional(),
    under: z.strictObject(attempt).exactOptional(),
  },
  ask: { spec, wait: z.boolean() },
  take_up: { jobId: text, wait: z.boolean() },
  bypass: { jobId: text, jobType },
  unask: { jobId: text },
  claim: {},
  complete: { ...end, committed: flag },
  fail: { ...end, code: text, retryAt: time },
  release: { ...attempt, reason: text, runAt: time, models: texts.exactOptional(), used: uses },
  detach: { ...attempt, until: whole },
  done: { ...attempt, model: text },
  cancel: { jobId: text, force: z.boolean(), descendants: flag },
  confirm_cancel: { ...attempt, used: uses },
  expire_leases: { workerIds: texts, retryAt: whole },
  reprioritize: { jobId: text, priority: whole.exactOptional(), before: text.exactOptional() },
  set_policy: { policy: policySchema },
  pause_model: { model: text, reason: text, until: time },
  resume_model: { model: text },
  drain: {},
  resume: {},
  recover: { ended: whole.exactOptional() },
  void: { seqs: z.array(whole) },
  tick: {},
  set_schedules: { owner: text, revision: time, schedules: z.array(wish) },
  remove_schedule: { schedule: text },
  pause_schedule: { schedule: text },
  resume_schedule: { schedule: text, next: time },
  leave: {},
  fire: {
    schedule: text,
    due: whole,
    times: z.array(whole),
    next: time,
    payloadHash: whole.exactOptional(),
  },
} satisfies { readonly [Type in CommandBody['type']]: ShapeOf<BodyOf<Type>> }

const bodies = Object.entries(shapes).map(([type, shape]) =>
  z.strictObject({ type: z.literal(type), ...shape }),
) as unknown as [z.ZodObject<{ type: z.ZodLiteral<string> }>]

const body = z.discriminatedUnion('type', bodies) as unknown as z.ZodType<CommandBody>

const json = z.custom<Json>().exactOptional()
const data = z.strictObject({
  jobId: text,
  payload: json,
  result: json,
  error: json,
  checkpoint: json,
  trace: z.custom<NonNullable<DataChange['trace']>>().exactOptional(),
} satisfies ShapeOf<DataChange>)

/**
 * A row of `job_queue_published`. Every process of the queue reads what another one has written, maybe one of a newer release: what is not
 * exactly of a shape that this one knows is left to its sender.
 */
export const publishedRow = z
  .object({
    sender: text,
    command: z.object({
      command: z.object({
        id: text,
        hash: whole,
        workerId: text,
        claim: z
          .object({
            max: whole,
            kinds: texts.nullable(),
            batches: z.array(z.object({ kind: text, size: whole })).exactOptional(),
            serves: texts.exactOptional(),
            keeps: whole.exactOptional(),
          })
          .exactOptional(),
        body,
      }),
      data: z.array(data).exactOptional(),
      answerTo: text.exactOptional(),
    }),
  })
  .transform(({ sender, command }): PublishedCommand => ({ sender, ...command }))
