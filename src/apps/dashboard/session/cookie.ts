import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const HOURS = 3_600_000

/** A cookie that contains its expiry, and is signed. */
export interface SignedCookie {
  /** The value of `Set-Cookie`. */
  make(isSecure: boolean): string
  /** True if a request has a valid one. */
  isIn(request: Request): boolean
}

/**
 * @param key what it is signed with
 * @param hours how long a cookie is valid
 * @param now the time in milliseconds
 */
export function signedCookie(key: Buffer, hours: number, now: () => number = Date.now): SignedCookie {
  const secret = createHmac('sha256', key).update('cookie').digest()
  // Cookies ignore ports: two dashboards on one machine must not take each other's.
  const name = `interlock_${createHmac('sha256', key).update('name').digest('hex').slice(0, 8)}`
  const signed = (text: string) => createHmac('sha256', secret).update(text).digest()
  return {
    make: (isSecure) => {
      const body = `${now() + hours * HOURS}.${randomBytes(9).toString('base64url')}`
      const value = `${body}.${signed(body).toString('base64url')}`
      // Without a Path the browser uses the folder of the address that it asked for, wherever a proxy put it.
      const attributes = ['HttpOnly', 'SameSite=Strict', `Max-Age=${hours * 3_600}`]
      return [`${name}=${value}`, ...attributes, ...(isSecure ? ['Secure'] : [])].join('; ')
    },
    isIn: (request) =>
      valuesOf(request, name).some((value) => {
        const end = value.lastIndexOf('.')
        const body = value.slice(0, end)
        const mark = Buffer.from(value.slice(end + 1), 'base64url')
        const right = signed(body)
        if (mark.length !== right.length || !timingSafeEqual(mark, right)) return false
        return Number(body.split('.')[0]) > now()
      }),
  }
}

/** There may be several with this name: somebody who can set a cookie for a folder above must not lock others out. */
function valuesOf(request: Request, name: string): readonly string[] {
  const cookies = (request.headers.get('cookie') ?? '').split(';').slice(0, 100)
  return cookies.flatMap((cookie) => {
    const [key = '', value = ''] = cookie.trim().split('=')
    return key === name && value.length < 200 ? [value] : []
  })
}
