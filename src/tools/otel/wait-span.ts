import type { Attributes, Context, Link, Span, Tracer } from '@opentelemetry/api'
import { MICROS_PER_MS, MICROS_PER_SECOND, type Micros, type Started } from '../../engine/core/index.ts'
import type { Wait, WaitPart } from '../insight/index.ts'
import { attemptAttributes } from './attributes.ts'
import { type Operation, withLinks } from './operation.ts'

/** A shorter wait is none: the job was started by the very append that put it in line, or by the next one. */
const LEAST_MICROS = MICROS_PER_MS

export interface WaitSpan {
  readonly operation: Operation
  readonly started: Started
  readonly waited: Wait
  readonly parent: Context
  readonly links: readonly Link[]
  /** The time of the queue: the wait was measured by it, and is told by the clock of this process. */
  readonly now: () => Micros
}

/** The wait as a span, with one event for each thing that the job waited for, if it did wait. */
export function addWait(tracer: Tracer, { operation, started, waited, parent, links, now }: WaitSpan): void {
  const { since, to } = waited
  if (to - since < LEAST_MICROS) return
  const ahead = now() - Date.now() * MICROS_PER_MS
  const startTime = hrTime(since - ahead)
  const span = tracer.startSpan(operation.name, { ...withLinks(operation, links), startTime }, parent)
  if (span.isRecording()) describe(span, started, waited, ahead)
  span.end(hrTime(to - ahead))
}

/** @param ahead how far the time of the queue is ahead of the clock of this process */
function describe(span: Span, started: Started, waited: Wait, ahead: Micros): void {
  const { since, from } = waited
  const at = (micros: Micros): [number, number] => hrTime(micros - ahead)
  span.setAttributes(attemptAttributes(started))
  span.setAttributes(sums(waited.byCause, from - since))
  if (from > since)
    span.addEvent('wait.unseen', { 'interlock.wait.seconds': seconds(from - since) }, at(since))
  for (const part of waited.parts) span.addEvent(`wait.${part.cause}`, of(part), at(part.from))
}

/** How long it waited for what: exact, and as many as there are causes. */
function sums(byCause: Wait['byCause'], unseen: Micros): Attributes {
  const attributes: Attributes = {}
  for (const [cause, micros] of Object.entries(byCause))
    attributes[`interlock.wait.${cause}.seconds`] = seconds(micros)
  if (unseen > 0) attributes['interlock.wait.unseen.seconds'] = seconds(unseen)
  return attributes
}

function of({ code, model, blockedBy, from, to }: WaitPart): Attributes {
  return {
    'interlock.reason': code,
    'interlock.wait.seconds': seconds(to - from),
    ...(model === null ? undefined : { 'interlock.model': model }),
    ...(blockedBy === null ? undefined : { 'interlock.blocked_by': blockedBy }),
  }
}

const seconds = (micros: Micros): number => micros / MICROS_PER_SECOND

/** Seconds and nanoseconds: what a number of milliseconds would round. */
function hrTime(micros: Micros): [number, number] {
  const whole = Math.floor(micros / MICROS_PER_SECOND)
  return [whole, Math.round((micros - whole * MICROS_PER_SECOND) * 1_000)]
}
