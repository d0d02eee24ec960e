import { Refused } from './refused.ts'

/** A lever takes some hundred bytes, a list of dead letters a few thousand. */
const MOST_BYTES = 256 * 1024

/**
 * The JSON of a request. Its type has to say so: a form on another site can send text, but needs permission to send this type.
 * @throws Refused
 */
export async function jsonBody(request: Request): Promise<unknown> {
  const type = request.headers.get('content-type') ?? ''
  if (!/^application\/json(?:\s*;\s*charset=utf-8)?$/i.test(type))
    throw new Refused(415, 'bad_request', 'the body has to be application/json')
  const text = await textOf(request)
  try {
    return JSON.parse(text)
  } catch {
    throw new Refused(400, 'bad_request', 'the body is not JSON')
  }
}

async function textOf(request: Request): Promise<string> {
  const reader = request.body?.getReader()
  const decoder = new TextDecoder()
  let [text, bytes] = ['', 0]
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined }
    if (done || value === undefined) return text + decoder.decode()
    bytes += value.byteLength
    if (bytes > MOST_BYTES) {
      await reader?.cancel()
      throw new Refused(413, 'too_large', `the body has more than ${MOST_BYTES} bytes`)
    }
    text += decoder.decode(value, { stream: true })
  }
}
