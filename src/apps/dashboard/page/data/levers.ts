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
  | { readonly step: 'looking'; readonly request: LeverRequest }
  | {
      readonly step: 'asking' | 'pulling'
      readonly request: LeverRequest
      readonly preview: PreviewDocument
      /** Somebody has changed the queue since the user was asked: this is what it would do now. */
      readonly isOvertaken: boolean
    }
  | { readonly step: 'done'; readonly request: LeverRequest; readonly done: PulledDocument }
  | {
      readonly step: 'refused'
      readonly request: LeverRequest
      readonly code: string
      readonly message: string
    }

/** The lever that the user is asked about; null: none. */
export const asked = signal<PullStep | null>(null)

const pathOf = (queue: string, { lever }: LeverRequest) => ofQueue(queue, 'levers', lever)

/** Shows what a pull would do. @param isOvertaken the user has been asked before */
export async function ask(queue: string, request: LeverRequest, isOvertaken = false): Promise<void> {
  asked.value = { step: 'looking', request }
  await orRefused(request, async () => {
    const preview = await postJson<PreviewDocument>(pathOf(queue, request), {
      ...request.body,
      preview: true,
    })
    // Somebody who has left it meanwhile is not asked after all.
    if (asked.peek()?.request !== request) return
    asked.value =
      preview.refusal === null
        ? { step: 'asking', request, preview, isOvertaken }
        : { step: 'refused', request, ...preview.refusal }
  })
}

/** Pulls the lever that the user was asked about. If it would do something else by now, the user is asked again. */
export async function pull(queue: string): Promise<void> {
  const now = asked.peek()
  if (now?.step !== 'asking') return
  const { request, preview } = now
  const { version, mark } = preview
  asked.value = { ...now, step: 'pulling' }
  await orRefused(request, async () => {
    try {
      const body = { ...request.body, expected: { version, mark } }
      const done = await postJson<PulledDocument>(pathOf(queue, request), body)
      asked.value = { step: 'done', request, done }
      request.onDone?.()
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'overtaken') throw error
      await ask(queue, request, true)
    }
  })
}

async function orRefused(request: LeverRequest, doing: () => Promise<void>): Promise<void> {
  try {
    await doing()
  } catch (error) {
    const { code, message } = error instanceof ApiError ? error : { code: 'failed', message: String(error) }
    asked.value = { step: 'refused', request, code, message }
  }
}
