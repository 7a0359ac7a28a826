/**
 * Where a login at a provider was begun. The browser leaves the app for it and comes back to one fixed address, so this
 * tab remembers which page the person is to go on with: the set-up, or nothing special.
 */
const KEY = 'frontdesk.login-from'
export type Origin = 'setup'

export function rememberOrigin(origin: Origin | undefined): void {
  try {
    if (origin) sessionStorage.setItem(KEY, origin)
    else sessionStorage.removeItem(KEY)
  } catch {
    // Without session storage the channel's own page is as good.
  }
}
export function readOrigin(): Origin | null {
  try {
    return sessionStorage.getItem(KEY) === 'setup' ? 'setup' : null
  } catch {
    return null
  }
}
