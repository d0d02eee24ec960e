import type { HandlerDefinition } from './api.ts'

/** The payload as the handler gets it, or why it does not. Never rejects, whatever the schema does. */
export async function payloadOf(
  { schema }: HandlerDefinition,
  payload: unknown,
): Promise<{ readonly payload: unknown } | { readonly refusal: unknown }> {
  if (schema === undefined) return { payload }
  try {
    const result = await schema['~standard'].validate(payload)
    if (result.issues === undefined) return { payload: result.value }
    const issue = result.issues[0]
    const keys = issue?.path?.map((part) => String(typeof part === 'object' ? part.key : part)) ?? []
    return { refusal: new Error(`${['payload', ...keys].join('.')}: ${issue?.message ?? 'is not valid'}`) }
  } catch (refusal) {
    return { refusal }
  }
}
