import { signal } from '@preact/signals'
import type { PreviewDocument, PulledDocument } from '../../api/lever-documents.ts'
import type { Lever } from '../../guard/grant.ts'
import { ApiError, ofQueue, postJson } from './api.ts'

/** A lever that the user wants to pull. */
export interface LeverRequest {
  readonly lever: Lever
  /** What is about to happen, as a title: `Cancel job report-7`. */
  readonly title: string
  readonly body: Readonly<Record<string, unknown>>
  /** Called when it has happened. */
  readonly onDone?: () => void
}

/** The steps of a pull: first a preview, then the user confirms. */
export type PullStep =
  | { readonly step: 'looking'; readonly wish: LeverRequest }
  | {
      readonly step: 'asking' | 'pulling'
      readonly wish: LeverRequest
      readonly preview: PreviewDocument
      /** Somebody has changed the queue since the user was asked: this is what it would do now. */
      readonly isOvertaken: boolean
    }
  | { readonly step: 'done'; readonly wish: LeverRequest; readonly done: PulledDocument }
  | { readonly step: 'refused'; readonly wish: LeverRequest; readonly code: string; readonly message: string }

/** The lever that the user is asked about; null: none. */
export const asked = signal<PullStep | null>(null)

const pathOf = (queue: string, { lever }: LeverRequest) => ofQueue(queue, 'levers', lever)

/** Shows what a pull would do. @param isOvertaken the user has been asked before */
export async function ask(queue: string, wish: LeverRequest, isOvertaken = false): Promise<void> {
  asked.value = { step: 'looking', wish }
  await orRefused(wish, async () => {
    const preview = await postJson<PreviewDocument>(pathOf(queue, wish), { ...wish.body, preview: true })
    // Somebody who has left it meanwhile is not asked after all.
    if (asked.peek()?.wish !== wish) return
    asked.value =
      preview.refusal === null
        ? { step: 'asking', wish, preview, isOvertaken }
        : { step: 'refused', wish, ...preview.refusal }
  })
}

/** Pulls the lever that the user was asked about. If it would do something else by now, the user is asked again. */
export async function pull(queue: string): Promise<void> {
  const now = asked.peek()
  if (now?.step !== 'asking') return
  const { wish, preview } = now
  const { version, mark } = preview
  asked.value = { ...now, step: 'pulling' }
  await orRefused(wish, async () => {
    try {
      const body = { ...wish.body, expected: { version, mark } }
      const done = await postJson<PulledDocument>(pathOf(queue, wish), body)
      asked.value = { step: 'done', wish, done }
      wish.onDone?.()
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'overtaken') throw error
      await ask(queue, wish, true)
    }
  })
}

async function orRefused(wish: LeverRequest, doing: () => Promise<void>): Promise<void> {
  try {
    await doing()
  } catch (error) {
    const { code, message } = error instanceof ApiError ? error : { code: 'failed', message: String(error) }
    asked.value = { step: 'refused', wish, code, message }
  }
}
